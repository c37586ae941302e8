import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Forwards: messages for one recipient go to another one, for a time.
public enum Forwards {
    /// The type of a forward's key.
    public typealias ID = RowID<Forwards>

    /// Whether a forward applies at a moment.
    public enum State: String, Sendable, CaseIterable, Codable {
        /// It applies.
        case active
        /// It has not started.
        case upcoming
        /// It has ended.
        case expired
        /// It is disabled.
        case disabled
    }

    /// A forward.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, state, enabled
            case source = "source_id"
            case sourceName = "source_name"
            case destination = "destination_id"
            case destinationName = "destination_name"
            case startsAt = "starts_at"
            case endsAt = "ends_at"
            case keepCopy = "keep_copy"
            case createdAt = "created_at"
        }

        public var id: ID
        public var state: Open<State>
        public var source: Recipients.ID
        public var sourceName: String
        public var destination: Recipients.ID
        public var destinationName: String
        /// Nil for always before.
        public var startsAt: Date?
        /// Nil for always after.
        public var endsAt: Date?
        public var enabled: Bool
        /// Whether the source is notified as well.
        public var keepCopy: Bool
        public var createdAt: Date

        public init(
            id: ID, state: State, source: Recipients.ID, sourceName: String, destination: Recipients.ID,
            destinationName: String, startsAt: Date?, endsAt: Date?, enabled: Bool, keepCopy: Bool, createdAt: Date
        ) {
            self.id = id
            self.state = .known(state)
            self.source = source
            self.sourceName = sourceName
            self.destination = destination
            self.destinationName = destinationName
            self.startsAt = startsAt
            self.endsAt = endsAt
            self.enabled = enabled
            self.keepCopy = keepCopy
            self.createdAt = createdAt
        }
    }

    /// What creating one takes. What is missing is enabled, from now on, until it is deleted, without a copy.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case enabled
            case source = "source_id"
            case destination = "destination_id"
            case startsAt = "starts_at"
            case endsAt = "ends_at"
            case keepCopy = "keep_copy"
        }

        public let source: Recipients.ID
        public let destination: Recipients.ID
        public let startsAt: Date?
        public let endsAt: Date?
        public let enabled: Bool?
        public let keepCopy: Bool?
    }

    /// What changing one takes. What is missing stays; null opens the start or the end.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case enabled
            case startsAt = "starts_at"
            case endsAt = "ends_at"
            case keepCopy = "keep_copy"
        }

        public let startsAt: Changed<Date>
        public let endsAt: Changed<Date>
        public let enabled: Bool?
        public let keepCopy: Bool?

        public init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            startsAt = try Changed(members, .startsAt)
            endsAt = try Changed(members, .endsAt)
            enabled = try members.decodeIfPresent(Bool.self, forKey: .enabled)
            keepCopy = try members.decodeIfPresent(Bool.self, forKey: .keepCopy)
        }
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case state
        case source = "source_id"
        case destination = "destination_id"

        public var parameter: Parameter {
            switch self {
            case .state: Parameter(.oneOf(State.allCases.map(\.rawValue)), "forwards in this state")
            case .source: Parameter(.integer, "forwards of this recipient")
            case .destination: Parameter(.integer, "forwards to this recipient")
            }
        }
    }

    public static let list = Operation(
        "listForwards", .get, "/forwards", also: ["/notifiers/forwards"], .viewer, .forwards, "List forwards",
        query: Filter.self,
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createForward", .post, "/forwards", also: ["/notifiers/forwards"], .dispatcher, .forwards, "Create a forward",
        takes: New.self,
        gives: Answer.self, success: .created)
    public static let show = Operation(
        "showForward", .get, "/forwards/{id}", also: ["/notifiers/forwards/{id}"], .viewer, .forwards, "Show a forward",
        at: ID.self,
        gives: Answer.self)
    public static let update = Operation(
        "updateForward", .patch, "/forwards/{id}", also: ["/notifiers/forwards/{id}"], .dispatcher, .forwards,
        "Update a forward", at: ID.self,
        takes: Change.self, gives: Answer.self)
    public static let delete = Operation(
        "deleteForward", .delete, "/forwards/{id}", also: ["/notifiers/forwards/{id}"], .dispatcher, .forwards,
        "Delete a forward", at: ID.self)
}
