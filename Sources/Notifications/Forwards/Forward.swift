import API
import Accounts
import BoundaryText
import Database
import Foundation

/// Sends a recipient's notifications to another recipient for a while: holidays, sick leave, on-call duty.
public struct Forward: Sendable, Equatable, RowDecodable {
    /// The type of a forward's key.
    public typealias ID = Forwards.ID

    /// See ``API/Forwards``.
    public typealias State = Forwards.State

    /// The key.
    public let id: ID
    /// Whose messages.
    public let source: Recipient.ID
    /// The source's name.
    public let sourceName: String
    /// Who gets them.
    public let destination: Recipient.ID
    /// The destination's name.
    public let destinationName: String
    /// From when on; nil for always before.
    public let startsAt: Date?
    /// Until just before when; nil for always after.
    public let endsAt: Date?
    /// Whether it applies at all.
    public let isEnabled: Bool
    /// Whether the source is also notified.
    public let keepsCopy: Bool
    /// When it was made.
    public let createdAt: Date

    /// Reads a row of ``ForwardStore/selection``.
    public init(row: Row) throws {
        id = try row["id"]
        source = try row["source_id"]
        sourceName = try row["source_name"]
        destination = try row["destination_id"]
        destinationName = try row["destination_name"]
        startsAt = try row["starts_at"]
        endsAt = try row["ends_at"]
        isEnabled = try row["enabled"]
        keepsCopy = try row["keep_copy"]
        createdAt = try row["created_at"]
    }

    /// Its state at an instant.
    public func state(at instant: Date) -> State {
        guard isEnabled else { return .disabled }
        if let endsAt, endsAt <= instant { return .expired }
        if let startsAt, startsAt > instant { return .upcoming }
        return .active
    }

    var span: Span { Span(start: startsAt ?? .distantPast, end: endsAt ?? .distantFuture) }

    /// A stretch of time; its end is not part of it.
    struct Span: Equatable {
        let start: Date
        let end: Date

        /// What is in both; nil when nothing is.
        func intersection(_ other: Span) -> Span? {
            let (start, end) = (max(start, other.start), min(end, other.end))
            return start < end ? Span(start: start, end: end) : nil
        }

        func contains(_ other: Span) -> Bool { start <= other.start && end >= other.end }
    }
}

/// Finds circles among forwards. Pure.
enum ForwardCycle {
    /// The circle that a forward would close with others at some moment at which all of them apply.
    /// - Parameter others: the enabled forwards besides it.
    /// - Returns: the recipients in order, from the new forward's source back to it; nil when there is no circle.
    static func closed(
        from source: Recipient.ID, to destination: Recipient.ID, during span: Forward.Span, others: [Forward]
    ) -> [Recipient.ID]? {
        let bySource = Dictionary(grouping: others.sorted { $0.id < $1.id }, by: \.source)
        // A place that was reached at all these times before leads nowhere new.
        var visited: [Recipient.ID: [Forward.Span]] = [:]
        var queue: [(path: [Recipient.ID], span: Forward.Span)] = [([source, destination], span)]
        while !queue.isEmpty {
            let (path, span) = queue.removeFirst()
            guard let last = path.last else { continue }
            if last == source { return path }
            if visited[last]?.contains(where: { $0.contains(span) }) ?? false { continue }
            visited[last, default: []].append(span)
            for next in bySource[last] ?? [] {
                if let common = span.intersection(next.span) { queue.append((path + [next.destination], common)) }
            }
        }
        return nil
    }
}
