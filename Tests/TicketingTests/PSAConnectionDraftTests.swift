import API
import Connections
import Database
import Foundation
import HTTPTypes
import Jobs
import Sealing
import TestSupport
import Testing
import WebSupport

@testable import Ticketing

@Suite("A connection to be saved")
struct PSAConnectionDraftTests {
    private func faults(
        provider: String = "connectwise", name: String = "PSA", site: String = "na.myconnectwise.net",
        company: String = "acme", publicKey: String = "p", privateKey: String = "q", clientID: String = "c"
    ) -> [String] {
        do {
            _ = try PSAConnectionDraft(
                provider: provider, name: name, site: site, company: company,
                credentials: PSACredentials(publicKey: publicKey, privateKey: privateKey, clientID: clientID))
            return []
        } catch {
            #expect(error.status == .unprocessableContent)
            return error.errors.map(\.field)
        }
    }

    @Test("Each member is checked, all at once")
    func validation() {
        #expect(faults().isEmpty)
        #expect(faults(provider: "autotask") == ["provider"])
        #expect(faults(name: "") == ["name"])
        #expect(faults(name: "  \n ") == ["name"])
        #expect(faults(name: String(repeating: "é", count: 100)).isEmpty)
        #expect(faults(name: String(repeating: "é", count: 101)) == ["name"])
        #expect(faults(company: " ") == ["company"])
        #expect(faults(company: String(repeating: "a", count: 50)).isEmpty)
        #expect(faults(company: String(repeating: "a", count: 51)) == ["company"])
        #expect(faults(publicKey: "") == ["public_key"])
        #expect(faults(privateKey: "") == ["private_key"])
        #expect(faults(clientID: "") == ["client_id"])
        #expect(
            faults(provider: "x", name: "", site: "", company: "", publicKey: "", privateKey: "", clientID: "")
                == ["provider", "name", "site", "company", "public_key", "private_key", "client_id"])
    }

    @Test(
        "What is no host is refused",
        arguments: [
            "", " ", "na.myconnectwise.net/path", "user@na.myconnectwise.net", "na.myconnectwise.net?x=1",
            "na.myconnectwise.net#x", "na my", "http://na.myconnectwise.net", "na.myconnectwise.net%2f",
            "na.myconnectwise.net%2fx.example",
            "127.0.0.1:99999", "localhost:65979", "psa.example.com:0", "psa.example.com:", "[::1]:65536", "127.1",
            String(repeating: "a", count: 254),
        ])
    func sites(site: String) {
        #expect(faults(site: site) == ["site"])
    }

    @Test(
        "The address of the login page counts as its host",
        arguments: [
            "na.myconnectwise.net", " NA.MyConnectWise.net ", "https://na.myconnectwise.net",
            "https://na.myconnectwise.net/", "HTTPS://na.myconnectwise.net//",
        ])
    func pasted(site: String) throws {
        #expect(try draft(site: site).site == "na.myconnectwise.net")
    }

    @Test("Name and company lose the space around them, a port stays")
    func trimming() throws {
        let draft = try draft(name: " PSA ", site: "psa.example.com:8443", company: " acme\n")
        #expect(draft.name == "PSA")
        #expect(draft.site == "psa.example.com:8443")
        #expect(draft.company == "acme")
    }

    @Test(
        "A failed test names the part that failed",
        arguments: [
            (PSAError.authentication("x"), "credentials", "private_key"),
            (.permission("x"), "permission", "public_key"),
            (.notFound("x"), "host", "company"), (.notAllowed("x"), "host", "site"),
            (.connection("x", maybeDone: false), "network", "site"), (.timeOut(maybeDone: false), "network", "site"),
            (.server("x"), "network", "site"), (.rateLimited(.seconds(3)), "network", "site"),
            (.held("x", .seconds(3)), "network", "site"), (.rejected("x", fields: [:]), "unexpected_response", "site"),
            (.undecodable("x"), "unexpected_response", "site"),
        ])
    func problems(error: PSAError, code: String, field: String) {
        let problem = PSAConnectionProblem.problem(error)
        #expect(problem.status == .unprocessableContent)
        #expect(problem.code == "connection_failed")
        #expect(problem.errors.map(\.code) == [code])
        #expect(problem.errors.map(\.field) == [field])
        #expect(problem.detail.contains("Nothing was saved"))
    }

    @Test(
        "What a job does after an error: where no ticket could succeed, the connection waits",
        arguments: [
            (PSAError.authentication("x"), "pause 300 s, paused"), (.permission("x"), "pause 300 s, paused"),
            (.notAllowed("x"), "pause 300 s, paused"), (.rateLimited(.seconds(7)), "pause 7 s"),
            (.rateLimited(.zero), "pause 1 s"), (.held("x", .seconds(9)), "pause 9 s"), (.server("x"), "retry"),
            (.timeOut(maybeDone: true), "retry"), (.connection("x", maybeDone: true), "retry"),
            (.rejected("x", fields: [:]), "retry"), (.undecodable("x"), "retry"), (.notFound("x"), "retry"),
        ])
    func outcomes(error: PSAError, expected: String) async throws {
        let outcome =
            switch error.outcome(for: 1, refusesAll: true) {
            case .done, .followed, .found: "done"
            case .retry(let why, nil, nil, nil, nil): why == error.description ? "retry" : "retry with \(why)"
            case .retry: "retry otherwise"
            case .wait: "wait"
            case .fail: "fail"
            case .pause(_, let wait, nil): "pause \(wait.components.seconds) s"
            case .pause(_, let wait, .some): "pause \(wait.components.seconds) s, paused"
            }
        #expect(outcome == expected)
    }

    @Test(
        "What refuses one thing is asked whether it refuses all, once for many; only then the connection waits",
        arguments: [PSAError.authentication("x"), .permission("x"), .notAllowed("x")])
    func single(error: PSAError) async throws {
        try await TestDatabase.with(.sqlite, migrations: ticketing) { database in
            let factory = FakeFactory()
            let connections = PSAConnections(
                database: database, sealer: try Sealer([Secret.generate()]), factory: factory.make)
            factory.psa.expectTest()
            let organization = try await database.organization()
            let stored = try await connections.create(try draft(), for: organization)
            let live = try #require(try await connections.live(stored.id))
            factory.psa.expectTest()
            for _ in 1...20 {
                guard case .retry(_, nil, .some(.refused), nil, nil) = await connections.outcome(of: error, on: live)
                else {
                    Issue.record("not tried again by itself")
                    return
                }
            }
        }
    }

    @Test("The pause is written down with its reason, once", arguments: TestDatabase.engines)
    func pause(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let id = try await database.connection(of: database.organization())
            guard case .pause(_, _, let effect?) = PSAError.authentication("bad key").outcome(for: id, refusesAll: true)
            else {
                Issue.record("no pause")
                return
            }
            try await database.write { try effect($0) }
            let stored = try await database.read {
                try $0.first("SELECT * FROM psa_connections WHERE id = \(id)", as: PSAConnection.self)
            }
            #expect(stored?.state == .paused)
            #expect(stored?.stateReason == "ConnectWise rejected the API keys. Replace them to resume. (bad key)")
        }
    }
}
