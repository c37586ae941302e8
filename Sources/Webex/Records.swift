import BoundaryText

/// A message in a room or to a person.
public struct Message: Decodable, Sendable, Equatable {
    public let id: String
    public let roomId: String?
    public let parentId: String?
    public let toPersonEmail: String?
    public let personEmail: String?
    public let markdown: String?
    public let text: String?
    /// ISO 8601.
    public let created: String?
}

/// A room that the bot is in.
public struct Room: Decodable, Sendable, Equatable {
    public let id: String
    public let title: String?
    /// `direct` or `group`.
    public let type: String?
}

/// A person or a bot.
public struct Person: Decodable, Sendable, Equatable {
    public let id: String
    public let emails: [String]?
    public let displayName: String?
    /// `person` or `bot`.
    public let type: String?
}

/// Where a message goes.
public enum Target: Sendable, Equatable {
    case room(id: String)
    case personEmail(String)
    case person(id: String)
}
