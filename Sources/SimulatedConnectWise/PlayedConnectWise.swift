import Foundation
import HTTPTypes
import SimulatorStage
import Synchronization

/// The routes of ConnectWise: prefix, credentials, and which records a path leads to.
struct PlayedConnectWise: Played {
    private static let version = "2026.4"
    private static let contentType = "application/vnd.connectwise.com+json; version=\(version)"

    let simulator: ConnectWiseSimulator
    /// What the last lists matched, so that the next page of one need not look at every record again.
    let matches = Recent<Matches>(capacity: 8)
    private let credentials: String

    init(simulator: ConnectWiseSimulator) {
        self.simulator = simulator
        let options = simulator.options
        credentials = Data("\(options.company)+\(options.publicKey):\(options.privateKey)".utf8).base64EncodedString()
    }

    private var options: ConnectWiseOptions { simulator.options }
    private var scheme: String { options.listening.tls ? "https" : "http" }

    func tooManyCalls(retryAfter seconds: Int) -> Answer { Refusal.tooMany(seconds) }
    func refusal(status: Int) -> Answer { Refusal.body(status: status) }

    func route(of call: Call) -> String {
        var segments = call.segments[...]
        if segments.count > 3, segments[1] == "apis" { segments = segments.dropFirst(3) }
        var route = call.method
        var separator = " "
        for segment in segments {
            route += separator
            route += segment.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? "{id}" : segment
            separator = "/"
        }
        return route
    }

    func answer(_ call: Call) -> Answer {
        do throws(Refusal) {
            if let answer = try outside(call) { return answer }
            var answer = try inside(call)
            if !answer.body.isEmpty { answer.headers[.contentType] = Self.contentType }
            answer.headers[.apiCurrentVersion] = Self.version
            return answer
        } catch {
            return error.answer
        }
    }

    // MARK: Without the API prefix

    private func outside(_ call: Call) throws(Refusal) -> Answer? {
        let path = call.segments
        guard call.method == "GET" else { return nil }
        if path.count == 3, path[0] == "login", path[1] == "companyinfo" { return companyInfo(String(path[2])) }
        if path.count == 4, path[1] == "system", path[2] == "callbackkey", known(codebase: path[0]) {
            if options.signingKeyNeedsCredentials { try authenticate(call) }
            guard call.query["companyName"]?.lowercased() == options.company.lowercased(),
                call.query["id"] == simulator.secrets.withLock({ $0.keyID })
            else { throw .noEndpoint }
            let key: PlayedJSON = ["signing_key": .text(simulator.signingKey)]
            // Told as text, though it is JSON.
            return Answer(200, body: key.bytes, type: "text/plain; charset=utf-8")
        }
        return nil
    }

    private func companyInfo(_ company: String) -> Answer {
        guard company.lowercased() == options.company.lowercased() else { return Answer(200, .null) }
        let site = (options.publicURL ?? simulator.listeningURL ?? "").split(separator: "/").last.map(String.init)
        return Answer(
            200,
            [
                "CompanyName": "Rivermark IT", "Codebase": .text("\(options.codebase)/"), "VersionCode": "v2026.1",
                "VersionNumber": "v4.6.106212", "CompanyID": .text(options.company),
                "IsCloud": options.cloudFlagIsText ? "True" : true, "SiteUrl": .optional(site),
            ])
    }

    private func known(codebase: Substring) -> Bool { codebase == options.codebase || codebase == "v4_6_release" }

    // MARK: Below the API prefix

    private func inside(_ call: Call) throws(Refusal) -> Answer {
        let path = call.segments
        guard path.count > 3, known(codebase: path[0]), path[1] == "apis", path[2] == "3.0" else { throw .noEndpoint }
        let resource = path[3...].joined(separator: "/").lowercased()
        if !(options.openSystemInfo && resource == "system/info") { try authenticate(call) }
        let rest = Array(path.dropFirst(5))
        if let right = Rights.needed(call.method, Array(path.dropFirst(3))),
            simulator.ledger.read({ $0.switches.deniedRights.contains(right) })
        {
            throw .forbidden
        }
        guard path.count > 4 else { throw .noEndpoint }
        switch (path[3].lowercased(), path[4].lowercased()) {
        case ("system", "info") where rest.isEmpty: return systemInfo()
        case ("system", "members"): return try read(call, rest, Models.member, \.members, kind: "Member")
        case ("system", "callbacks"): return try callbacks(call, rest)
        case ("service", "boards"): return try boards(call, rest)
        case ("service", "tickets"): return try tickets(call, rest)
        case ("service", "priorities"): return priorities()
        case ("time", "workroles"): return try workRoles(call, rest)
        case ("time", "worktypes"): return try read(call, rest, Models.workType, \.workTypes, kind: "WorkType")
        case ("system", "locations"): return try locations(call, rest)
        case ("company", "configurations"):
            return try read(call, rest, Models.configuration, \.configurations, kind: "Configuration")
        // Only there to find roles that may too much.
        case ("finance", "invoices"), ("finance", "agreements"), ("procurement", "catalog"), ("sales", "opportunities"):
            guard call.method == "GET", rest.isEmpty else { throw .noEndpoint }
            return Answer(200, [])
        case ("time", "entries"): return try time(call, rest)
        case ("company", "companies") where call.method == "POST" && rest.isEmpty:
            throw .missing("name", resource: "company")
        case ("company", "companies") where call.method == "DELETE":
            throw .noRecord(kind: "Company", id: rest.first.map(String.init) ?? "")
        case ("company", "companies"): return try read(call, rest, Models.company, \.companies, kind: "Company")
        case ("company", "contacts"): return try read(call, rest, Models.contact, \.contacts, kind: "Contact")
        case ("schedule", "entries"): return try schedule(call, rest)
        default: throw .noEndpoint
        }
    }

    private func authenticate(_ call: Call) throws(Refusal) {
        let sent = call.headers[.authorization] ?? ""
        let space = sent.firstIndex(of: " ") ?? sent.endIndex
        let token = sent[space...].drop { $0 == " " }
        guard sent[..<space].lowercased() == "basic", token == credentials || sameButForCase(token) else {
            throw simulator.switches.hidesBadKeys ? .noEndpoint : .unauthorized
        }
        guard let client = call.header(.clientID), !client.isEmpty,
            options.clientID.map({ $0.lowercased() == client.lowercased() }) ?? true
        else { throw .forbidden }
    }

    /// The company may be written in another case.
    private func sameButForCase(_ token: Substring) -> Bool {
        guard let data = Data(base64Encoded: String(token)), let text = String(data: data, encoding: .utf8),
            let plus = text.firstIndex(of: "+")
        else { return false }
        return text[..<plus].lowercased() == options.company.lowercased()
            && text[plus...] == "+\(options.publicKey):\(options.privateKey)"
    }

    private func systemInfo() -> Answer {
        Answer(
            200,
            [
                "version": "v2026.1.106212", "isCloud": true, "serverTimeZone": "UTC", "cloudRegion": "NA",
                "licenseBits": [["name": "ServiceDesk", "activeFlag": true]],
            ])
    }

    private func priorities() -> Answer {
        simulator.ledger.read { ledger in
            Answer(
                200,
                .list(
                    ledger.priorities.all.map {
                        ["id": .integer($0.id), "name": .text($0.name), "sortOrder": .integer($0.sort)]
                    }))
        }
    }
}

extension HTTPField.Name {
    static let apiCurrentVersion = HTTPField.Name("api-current-version") ?? .accept
}
