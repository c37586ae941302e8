import BoundaryText
import HTTPTypes
import WebSupport

/// An operation of the API as one value: where it is, who may use it, what it takes, what it answers. A feature's route is
/// made for it; pages, commands and tests call it. So none of them can name a path or a member that is not there.
public struct Operation<Place: PathPlace, Query: QueryName, Body: Sendable, Answer: Sendable>: Sendable {
    /// Its name in the API's description: `listRules`.
    public let id: String
    /// GET, POST …
    public let method: HTTPRequest.Method
    /// Below `/api/v1`, with `{name}` for each segment of the place.
    public let path: String
    /// Further paths of the same operation, for programs that know it by them.
    public let aliases: [Alias]
    /// The smallest role that may do it.
    public let role: Role
    /// The part of the API that it belongs to, by which keys are limited.
    public let scope: Scope
    /// What it does, in a few words.
    public let summary: String
    /// How it answers when it went well.
    public let success: Success

    /// Describes an operation.
    /// - Parameters:
    ///   - place: what its path names.
    ///   - query: the parameters of its query, beside `limit` and `cursor` of lists.
    ///   - takes: its body.
    ///   - gives: what it answers; a ``Page`` for what has pages, ``Few`` for a short list, ``File`` for what is no JSON.
    public init(
        _ id: String, _ method: HTTPRequest.Method, _ path: String, also aliases: [Alias] = [], _ role: Role,
        _ scope: Scope, _ summary: String,
        at place: Place.Type = NoPlace.self, query: Query.Type = NoQuery.self, takes: Body.Type = NoBody.self,
        gives: Answer.Type = Nothing.self, success: Success? = nil
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.aliases = aliases
        self.role = role
        self.scope = scope
        self.summary = summary
        self.success = success ?? (Answer.self == Nothing.self ? .noContent : .ok)
    }
}

/// A further place of an operation: another path, and for a few another method.
public struct Alias: Sendable, ExpressibleByStringLiteral {
    /// Nil for the operation's own.
    public let method: HTTPRequest.Method?
    /// Below `/api/v1`, with the operation's own names in `{…}`.
    public let path: String

    public init(_ method: HTTPRequest.Method, _ path: String) {
        self.method = method
        self.path = path
    }

    public init(stringLiteral path: String) {
        method = nil
        self.path = path
    }
}

/// A short list.
public struct Few<Item: Codable & Sendable>: Codable, Sendable {
    public var items: [Item]

    public init(_ items: [Item]) {
        self.items = items
    }
}

/// A ``Few``, whatever is in it.
public protocol AnyFew {
    /// What is in it.
    static var item: any (Codable & Sendable).Type { get }
}

extension Few: AnyFew {
    public static var item: any (Codable & Sendable).Type { Item.self }
}

/// How an operation answers when it went well.
public enum Success: Sendable, Equatable {
    /// 200.
    case ok
    /// 201 and the `Location` of the new thing: the operation's path and its id.
    case created
    /// 202 with what goes on.
    case accepted
    /// 200 with what was done, or 202 with what goes on.
    case okOrAccepted
    /// 204.
    case noContent
    /// 200 with something other than JSON, of one of these media types.
    case file([String])
}

/// No body.
public enum NoBody: Sendable {}

/// An answer without a body.
public struct Nothing: Sendable, Equatable {
    /// The only value.
    public init() {}
}

/// An answer that is no JSON.
public enum File: Sendable {}

/// The parameters of an operation's query, a case for each.
public protocol QueryName: RawRepresentable<String>, Hashable, Sendable, CaseIterable {
    /// What values it takes and what it does.
    var parameter: Parameter { get }
}

/// No parameters.
public enum NoQuery: String, QueryName {
    // An enum of texts has a case.
    case none = ""

    public static var allCases: [NoQuery] { [] }
    public var parameter: Parameter { Parameter(.text, "") }
}

/// What a parameter of a query may be, and what it does.
public struct Parameter: Sendable {
    /// What values it takes.
    public enum Kind: Sendable {
        case text
        case integer
        case flag
        case instant
        case oneOf([String])
    }

    /// What values it takes.
    public let kind: Kind
    /// What it does.
    public let summary: String
    /// How many Unicode scalars it may have.
    public let longest: Int

    /// Of a parameter of which nothing else is said, and of one in a path.
    public static let usualLongest = 200

    /// Describes a parameter.
    public init(_ kind: Kind, _ summary: String, longest: Int = Self.usualLongest) {
        self.kind = kind
        self.summary = summary
        self.longest = longest
    }
}
