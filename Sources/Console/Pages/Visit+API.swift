import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Synchronization
import WebSupport

/// What was asked within one request, so that it is not asked twice.
final class Asked: Sendable {
    private let answers = Mutex<[String: [UInt8]]>([:])
    /// How often the page wanted each thing, and how often the API was called for it.
    private let calls = Mutex<[String: (wanted: Int, made: Int)]>([:])

    func answer(_ name: String) -> [UInt8]? { answers.withLock { $0[name] } }
    func keep(_ bytes: [UInt8], as name: String) { answers.withLock { $0[name] = bytes } }
    /// Something was changed.
    func forget() { answers.withLock { $0 = [:] } }

    func count(_ name: String, isMade: Bool) {
        calls.withLock { calls in
            let before = calls[name] ?? (0, 0)
            calls[name] = (before.wanted + 1, before.made + (isMade ? 1 : 0))
        }
    }

    /// `GET /rules 2/1`: wanted twice, called once.
    var report: String {
        calls.withLock { calls in
            calls.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.wanted)/\($0.value.made)" }.joined(
                separator: ", ")
        }
    }
}

extension Visit {
    /// Asks the API, once within a request.
    func ask<Answer: Decodable>(_ call: API.Call<Answer>) async throws -> Answer {
        try APIJSON.decode(
            from: Data(try await answer(call.method, call.path, query: call.query, body: call.body)))
    }

    /// Asks the API to do something, once for each form that was shown.
    /// - Parameter step: distinguishes several things that one form does.
    @discardableResult
    func send<Answer: Decodable>(_ call: API.Call<Answer>, step: String = "") async throws -> Answer {
        try APIJSON.decode(from: Data(try await done(call, step)))
    }

    /// Has the API do something that has no answer, once for each form that was shown.
    func send(_ call: API.Call<Nothing>, step: String = "") async throws { _ = try await done(call, step) }

    private func done<Answer>(_ call: API.Call<Answer>, _ step: String) async throws -> [UInt8] {
        try await answer(
            call.method, call.path, query: call.query, body: call.body,
            once: entries["_once"].map { $0 + step })
    }

    /// Whether the viewer's role allows it and it is enabled: what would be refused is not offered.
    func may<Place, Query, Body, Answer>(_ operation: API.Operation<Place, Query, Body, Answer>) -> Bool {
        may(operation.method, operation.path)
    }

    /// The actions that the viewer's role allows.
    func allowed<Place, Query, Body, Answer>(
        _ operation: API.Operation<Place, Query, Body, Answer>, _ action: Action
    ) -> [Action] {
        may(operation) ? [action] : []
    }

    /// The parameter in the page's path, as an operation's path has it.
    func place<Place: PathPlace>(_ name: String = "id") throws(Problem) -> Place {
        guard let place = Place(segments: [try parameter(name)]) else { throw .notFound("page") }
        return place
    }

    /// What the page's query says of an operation's; an empty field says nothing.
    func filters<Query: QueryName>(_: Query.Type = Query.self) -> [Query: String] {
        Dictionary(
            uniqueKeysWithValues: Query.allCases.compactMap { name in
                query[name.rawValue].flatMap { $0.isEmpty ? nil : (name, $0) }
            })
    }

    /// Which page of a list is looked at.
    var cursor: String? { query["cursor"].flatMap { $0.isEmpty ? nil : $0 } }
    /// How many a page of a list shall have.
    var limit: Int? { query["limit"].flatMap { Int($0) } }

    /// The pager of a list that the API answered.
    func pager<Item>(_ page: WebSupport.Page<Item>) -> Pager {
        pager(count: page.items.count, next: page.next?.description)
    }
}
