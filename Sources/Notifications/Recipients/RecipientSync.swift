import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Ticketing

extension Sync.Kind {
    /// All rooms, and the chat accounts of all members.
    public static let recipients = Sync.Kind(rawValue: "recipients")
}

/// The sync with a chat system: first the rooms, then the members' accounts, some at a time.
struct RecipientSync: Sendable {
    /// A new ticketing system has members who may have chat accounts; without rooms there are no rules to make.
    static let plan = SyncPlan(
        .recipients, with: .chat, each: .seconds(86_400), after: [.chat, .psa], isNeeded: true)

    let database: Database
    let tickets: PSAConnections
    let chats: ChatConnectionStore
    let now: @Sendable () -> Date

    /// What does it.
    var runner: SyncRunner {
        SyncRunner(
            .recipients,
            failure: { error, sync in
                let chat = ChatConnection.ID(sync.connection.id)
                switch error as? MessengerError {
                case .authentication(let why), .notAllowed(let why):
                    return .pause(why, for: .minutes(5)) { db in
                        try ConnectionFamily.chat.record(.paused, reason: why, of: chat, in: db)
                    }
                case .wait(let why, let wait): return .pause(why, for: wait)
                case .refused, .failed, .gone, nil: return nil
                }
            },
            step: { sync in
                let chat = ChatConnection.ID(sync.connection.id)
                guard let messenger = try await chats.messenger(chat) else { return nil }
                return try await recipients(sync, chat, messenger)
            })
    }

    // At most this many calls at once: a chat system's limits are not published.
    private static let lookupsAtOnce = 8
    private static let membersPerStep = 40

    private func recipients(_ sync: Sync, _ chat: ChatConnection.ID, _ messenger: any Messenger) async throws
        -> SyncStep
    {
        guard let after = sync.position else { return try await rooms(sync, chat, messenger) }
        let organization = sync.organization
        let members = try await database.read { db in
            try Directory.addresses(of: organization, after: after, limit: Self.membersPerStep, in: db)
        }
        let found = try await accounts(of: members.map(\.email), messenger)
        let instant = now()
        let next = members.count == Self.membersPerStep ? members.last?.email : nil
        return SyncStep(done: sync.done + members.count, total: nil, next: next) { db in
            for member in members {
                guard let accounts = found[member.email] else { continue }
                try RecipientStore.store(
                    accounts, email: member.email, name: member.name, of: chat, now: instant, in: db)
            }
            return []
        }
    }

    private func rooms(_ sync: Sync, _ chat: ChatConnection.ID, _ messenger: any Messenger) async throws -> SyncStep {
        let rooms = try await messenger.rooms()
        let fresh = await members(of: sync.organization)
        let (instant, organization) = (now(), sync.organization)
        let known = try await database.read { try Directory.countOfAddresses(of: organization, in: $0) }
        let expected = max(known, Set(fresh.flatMap(\.members).compactMap { $0.email?.lowercased() }).count)
        return SyncStep(done: rooms.count, total: rooms.count + expected, next: "") { db in
            try RecipientStore.store(rooms, of: chat, now: instant, in: db)
            try ConnectionFamily.chat.record(.ok, reason: nil, of: chat, in: db)
            for (connection, members) in fresh {
                try Directory.store(members, of: connection, now: instant, in: db)
            }
            return []
        }
    }

    /// All members of all ticketing systems. One that cannot be reached now does not keep the chat system's rooms from
    /// being seen: the members that are known already serve.
    private func members(of organization: Organization.ID) async -> [(connection: PSAConnection.ID, members: [Member])]
    {
        let read = try? await database.read { db in
            try PSAConnections.ids(of: organization, onlyActive: true, limit: 100, in: db)
        }
        var found: [(PSAConnection.ID, [Member])] = []
        for id in read ?? [] {
            guard let live = try? await tickets.live(id) else { continue }
            var members: [Member] = []
            var position: String?
            repeat {
                guard let page = try? await live.provider.members(after: position) else { break }
                members += page.items
                position = page.next
            } while position != nil
            found.append((id, members))
        }
        return found
    }

    /// The accounts behind addresses; those that the chat system cannot tell of are missing.
    private func accounts(of emails: [String], _ messenger: any Messenger) async throws -> [String: [ChatAccount]] {
        try await withThrowingTaskGroup(of: (String, [ChatAccount]?).self) { group in
            var found: [String: [ChatAccount]] = [:]
            for (number, email) in emails.enumerated() {
                if number >= Self.lookupsAtOnce, let (email, accounts) = try await group.next() {
                    found[email] = accounts
                }
                group.addTask { (email, try await messenger.accounts(email: email)) }
            }
            for try await (email, accounts) in group { found[email] = accounts }
            return found
        }
    }
}
