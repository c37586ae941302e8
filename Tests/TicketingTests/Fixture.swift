import API
import Accounts
import Database
import Foundation
import Jobs
import Sealing
import Server
import Synchronization
import TestSupport
import Testing
import Tickets

@testable import Ticketing

let ticketing = Installation.migrations

extension Database {
    func organization() async throws -> Organization.ID {
        try await write { try $0.one("INSERT INTO organizations (name, created_at) VALUES ('MSP', 0) RETURNING id") }
    }

    /// A connection for tests of what hangs below one.
    func connection(of organization: Organization.ID, company: String = "acme") async throws -> PSAConnection.ID {
        let hook = String(UInt64.random(in: 0...UInt64.max))
        return try await write {
            try $0.one(
                """
                INSERT INTO psa_connections (
                    organization_id, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                    client_id_hint, state, baseline_at, created_at)
                VALUES (\(organization), 'connectwise', 'PSA', 'na.myconnectwise.net', \(company), \(hook), '', '', '',
                    'ok', 0, 0) RETURNING id
                """)
        }
    }
}

/// A ticketing system that answers what a test prepared and fails on a call that nobody expected.
final class FakePSA: PSAProvider, CallbackVerifier {
    enum Call: Sendable, Equatable {
        case test
        case members([String])
    }

    private struct State {
        var calls: [Call] = []
        var tests: [Result<Void, PSAError>] = []
        var members: [Result<[Member], PSAError>] = []
    }

    private let state = Mutex(State())
    private let meanwhile = MutexBox<(@Sendable () async throws -> Void)?>(nil)

    /// What happens during the next test.
    var onTest: (@Sendable () async throws -> Void)? {
        get { meanwhile.value }
        set { meanwhile.change { $0 = newValue } }
    }

    var calls: [Call] { state.withLock { $0.calls } }

    func expectTest(_ result: Result<Void, PSAError> = .success(())) {
        state.withLock { $0.tests.append(result) }
    }

    func expectMembers(_ result: Result<[Member], PSAError>) {
        state.withLock { $0.members.append(result) }
    }

    private func unexpected(_ what: String) -> PSAError {
        Issue.record("nobody expected this call: \(what)")
        return .server("nobody expected this call: \(what)")
    }

    func test() async throws(PSAError) {
        let result = state.withLock { state in
            state.calls.append(.test)
            return state.tests.isEmpty ? nil : state.tests.removeFirst()
        }
        guard let result else { throw unexpected("test") }
        if let onTest {
            self.onTest = nil
            do { try await onTest() } catch { throw unexpected("\(error)") }
        }
        try result.get()
    }

    func members(_ identifiers: [String]) async throws(PSAError) -> [Member] {
        let result = state.withLock { state in
            state.calls.append(.members(identifiers))
            return state.members.isEmpty ? nil : state.members.removeFirst()
        }
        guard let result else { throw unexpected("members \(identifiers)") }
        return try result.get()
    }

    func ticket(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { throw unexpected("ticket \(id)") }
    func activity(of ticket: Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity {
        throw unexpected("activity of \(ticket)")
    }
    func boardNames() async throws(PSAError) -> [Board] { throw unexpected("boards") }
    func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int { throw unexpected("count") }
    func openTickets(on boards: [Board.ID], after position: String?) async throws(PSAError) -> ListPage<Ticket> {
        throw unexpected("open tickets")
    }
    func tickets(changedSince instant: Date, after position: String?) async throws(PSAError) -> ListPage<Ticket> {
        throw unexpected("changed tickets")
    }
    func members(after position: String?) async throws(PSAError) -> ListPage<Member> { throw unexpected("members") }
    var changeOverlap: Duration { .seconds(300) }
    func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep {
        throw unexpected("callback")
    }
    func link(to ticket: Ticket.ID) -> String { "https://psa.example/\(ticket)" }
    func verify(body: Data, signature: String, keyURL: String, isAddressed: Bool) async -> CallbackVerdict {
        .genuine
    }
}

/// Remembers for what providers were made, and makes the same one each time.
final class FakeFactory: Sendable {
    let psa = FakePSA()
    private let made = MutexBox<[PSATarget]>([])

    var targets: [PSATarget] { made.value }

    var make: PSAConnections.Factory {
        { target in
            self.made.change { $0.append(target) }
            return (self.psa, self.psa)
        }
    }
}

let credentials = PSACredentials(
    publicKey: "public-key-1234", privateKey: "private-key-5678", clientID: "11111111-2222-3333-4444-55555555abcd")

func draft(
    name: String = "PSA", site: String = "na.myconnectwise.net", company: String = "acme",
    credentials: PSACredentials = credentials
) throws -> PSAConnectionDraft {
    try PSAConnectionDraft(name: name, site: site, company: company, credentials: credentials)
}
