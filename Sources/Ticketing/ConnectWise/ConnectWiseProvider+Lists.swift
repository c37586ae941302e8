import BoundaryText
import ConnectWise
import Foundation
import Ids

extension ConnectWiseProvider {
    /// See ``PSAProvider``.
    public func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int {
        try await mapping { () throws(ConnectWiseError) in
            try await client.ticketCount(matching: Self.open(on: boards))
        }
    }

    /// See ``PSAProvider``. By id, so that no ticket is missed while others are closed.
    public func openTickets(
        on boards: [Board.ID], after position: String?
    ) async throws(PSAError) -> ListPage<Ticket> {
        try await page(of: client.tickets(matching: Self.open(on: boards)), after: position, Self.ticket)
    }

    /// See ``PSAProvider``.
    public func tickets(
        changedSince instant: Date, after position: String?
    ) async throws(PSAError) -> ListPage<Ticket> {
        let changed = client.tickets(matching: .compare("lastUpdated", .greaterOrEqual, instant))
        return try await page(of: changed, after: position, Self.ticket)
    }

    /// See ``PSAProvider``.
    public func members(after position: String?) async throws(PSAError) -> ListPage<Member> {
        try await page(of: client.members(), after: position, Self.member)
    }

    /// See ``PSAProvider``. Servers at customers' sites were seen to filter dates a time zone off.
    public var changeOverlap: Duration {
        client.site.isCloud || client.site.isPlainLoopback ? .seconds(300) : .seconds(86_400)
    }

    /// See ``PSAProvider``.
    public func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep {
        try await mapping { () throws(ConnectWiseError) in
            let plan = CallbackPlan(try await client.callbacks(urlContaining: callback.marker), for: callback)
            var upkeep = CallbackUpkeep()
            for id in plan.surplus {
                try await client.deleteCallback(id)
                upkeep.removed += 1
            }
            switch plan.step {
            case .nothing: break
            case .create:
                try await create(callback)
                upkeep.created = true
            case .reactivate(let id):
                let entry = try await client.patchCallback(id, [.replace("inactiveFlag", with: .flag(false))])
                upkeep.reactivated = true
                // ConnectWise may answer 200 and change nothing.
                if entry.inactive {
                    try await client.deleteCallback(id)
                    try await create(callback)
                }
            }
            return upkeep
        }
    }

    private func create(_ callback: CallbackAddress) async throws(ConnectWiseError) {
        do {
            _ = try await client.createCallback(
                NewCallback(url: callback.url, description: "Patchbay: changes of tickets"))
        } catch .rejected(message: let message, fields: let fields) {
            // Another server of ours was quicker.
            guard fields.contains(where: { $0.code == "ObjectExists" }) else {
                throw .rejected(message: message, fields: fields)
            }
        }
    }

    private static func open(on boards: [Board.ID]) -> Conditions {
        let open = Conditions.flag("closedFlag", is: false)
        return boards.isEmpty ? open : open && .any(of: boards.compactMap { Int($0.rawValue) }, "board/id")
    }

    private func page<Item: Record, Mapped: Sendable>(
        of pages: Pages<Item>, after position: String?, _ map: (Item) -> Mapped?
    ) async throws(PSAError) -> ListPage<Mapped> {
        let page = try await mapping { () throws(ConnectWiseError) in try await pages.page(after: position) }
        return ListPage(page.records.compactMap(map), next: page.next)
    }
}

/// What to do about the callbacks that are registered with our key. Pure.
struct CallbackPlan: Equatable {
    enum Step: Equatable {
        case nothing
        case create
        case reactivate(Int)
    }

    let step: Step
    /// Registrations of ours that are not the wanted one: of a former address of this server, or twice the same.
    let surplus: [Int]

    /// - Parameter entries: all whose address contains the marker; a longer key may begin like ours.
    init(_ entries: [CallbackEntry], for callback: CallbackAddress) {
        let entries = entries.filter { $0.url?.utf8.contains(callback.marker + "&") ?? false }
        let fitting = entries.filter { entry in
            entry.url == callback.url && entry.type?.lowercased() == "ticket" && entry.level?.lowercased() == "owner"
        }
        let kept = fitting.first { !$0.inactive } ?? fitting.first
        surplus = entries.map(\.id).filter { $0 != kept?.id }
        step = kept.map { $0.inactive ? .reactivate($0.id) : .nothing } ?? .create
    }
}
