import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

/// A signed-in user's request for a page: the user, the request, and the API in the user's name.
struct Visit: Sendable {
    let live: LiveSignIn
    let token: SignInToken
    let principal: Principal
    let visitor: Visitor
    let path: String
    let parameters: [String: String]
    var query: [String: String]
    /// What was posted; empty for a GET.
    let entries: Entries
    /// The viewer's time zone, if the browser sent it.
    let zone: TimeZone
    /// What the last page wanted to say on this one.
    let flash: String?
    let theme: String?
    /// The customer last chosen at the top; it may have been deleted since.
    var chosenTenant: String?
    let table: RouteTable
    let markdown: Markdown
    /// The operations that a feature has to be switched on for, by method and shape of their path.
    let flagged: [String: FeatureFlag]
    /// The features that are switched off for the organization.
    var switchedOff: Set<FeatureFlag> = []
    /// What the open page listens to; nil for one that shows nothing that changes by itself.
    var watch: LiveWatch?
    let asked = Asked()

    /// Who it is, for the audit log.
    var actor: Actor { Actor(user: live.user, name: live.email, authMethod: "sign_in", address: visitor.address) }

    /// The customer whose tickets are looked at; nil for all.
    func tenant() async throws -> Tenants.Answer? {
        guard let id = chosenTenant.flatMap({ Tenants.ID($0) }) else { return nil }
        do {
            return try await ask(Tenants.show(id))
        } catch let problem as Problem where problem.status == .notFound {
            return nil
        }
    }

    /// The customer that is chosen at the top; nil for all.
    func customer() async throws -> Tenants.ID? { try await tenant()?.id }

    /// Why tickets cannot be updated: no PSA is connected, or its connection is disabled; nil when they can.
    func disconnection() async throws -> Problem? {
        do {
            _ = try await ask(Tickets.recent(for: customer()))
            return nil
        } catch let problem as Problem {
            return problem.isDisconnection ? problem : nil
        }
    }

    /// The operations that need a feature, by method and shape of their path.
    static func flagged(_ routes: [Route]) -> [String: FeatureFlag] {
        Dictionary(
            routes.compactMap { route in route.flag.map { (shape(route.method, route.path), $0) } },
            uniquingKeysWith: { $1 })
    }

    private static func shape(_ method: HTTPRequest.Method, _ path: String) -> String {
        "\(method.rawValue) \(path.replacing(/\{[^}]*\}/, with: "{}"))"
    }

    func findSwitchedOff() async throws -> Set<FeatureFlag> {
        let flags = try await ask(FeatureFlags.list()).items.filter { !$0.enabled }
        return Set(flags.compactMap(\.name.known)).intersection(flagged.values)
    }

    func isOff(_ flag: FeatureFlag) -> Bool { switchedOff.contains(flag) }

    /// The bytes that the API answers. What is only read is asked once.
    func answer(
        _ method: HTTPRequest.Method, _ path: String, query: [String: String] = [:], body: JSON? = nil,
        once: String? = nil
    ) async throws -> [UInt8] {
        let name = method == .get ? Self.href(path, query) : nil
        let known = name.flatMap { asked.answer($0) }
        asked.count("\(method.rawValue) \(name ?? path)", isMade: known == nil)
        if let known { return known }
        let response: Response
        do {
            response = try await table.call(
                method, path, query: query, body: try body?.encoded(),
                as: principal, at: visitor.address, once: once)
        } catch var problem as Problem where problem.code == "feature_disabled" {
            // The API names features as programs do.
            for flag in FeatureFlag.allCases {
                problem.detail = problem.detail.replacing(bytes: flag.rawValue, with: flag.label)
            }
            throw problem
        }
        let bytes = try await response.bytes()
        if let name { asked.keep(bytes, as: name) } else { asked.forget() }
        return bytes
    }

    /// Whether the viewer's role allows it and it is switched on: what would be refused is not offered.
    func may(_ method: HTTPRequest.Method, _ path: String) -> Bool {
        guard table.allows(method, path, to: principal) else { return false }
        guard !switchedOff.isEmpty else { return true }
        return flagged[Self.shape(method, path)].map { !isOff($0) } ?? true
    }

    func parameter(_ name: String = "id") throws(Problem) -> String {
        guard let value = parameters[name], !value.isEmpty, !value.utf8.contains("/") else { throw .notFound("page") }
        return value
    }

    /// The same page with other parameters of its query; nil takes one away.
    func href(_ changes: [String: String?]) -> String {
        var query = query
        for (name, value) in changes { query[name] = value }
        return Self.href(path, query)
    }

    static func href(_ path: String, _ query: [String: String]) -> String {
        let pairs = query.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .urlQueryValue) ?? "")"
        }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    func pager(count: Int, next: String?) -> Pager {
        Pager(
            note: "\(count) on this page", firstHref: query["cursor"] == nil ? nil : href(["cursor": nil]),
            nextHref: next.map { href(["cursor": $0]) }, cursor: next,
            exportHref: href(["cursor": nil, "export": "csv"]),
            sortHref: { href(["cursor": nil, "sort": "\($0)"]) })
    }

    /// The parameters of the query that a list of the API knows.
    func listQuery(_ names: [String]) -> [String: String] {
        query.filter { names.contains($0.key) || $0.key == "cursor" || $0.key == "limit" }.filter { !$0.value.isEmpty }
    }

    /// A filter by days of the viewer's zone, the last one included, as the API takes it.
    func byDay(_ query: [String: String]) -> [String: String] {
        var query = query
        for (name, days) in [("since", 0), ("until", 1)] {
            guard let text = query[name], let instant = LocalTime.day(text, plus: days, in: zone) else { continue }
            query[name] = APIJSON.text(instant)
        }
        return query
    }
}

extension CharacterSet {
    static let urlQueryValue: CharacterSet = {
        var set = CharacterSet.alphanumerics
        set.insert(charactersIn: "-._~:")
        return set
    }()
}

/// What a page shows.
struct Page {
    var title: String
    /// Above the content; by default the title.
    var heading: String?
    var lead: String?
    /// The page above this one, by name and address.
    var crumb: (label: String, href: String)?
    var actions: [Action] = []
    var blocks: [Block]
    /// Shows a moment: it is not fetched again as a whole when one of its topics changes.
    var isStill = false
    var status: HTTPResponse.Status = .ok
    /// The customer that is looked at from this page on, empty for all; nil leaves it as it is.
    var choosing: String?

    /// The list that is sorted and exported: the first that has pages.
    var list: Table? {
        let tables = blocks.compactMap(\.table)
        return tables.first { $0.pager != nil } ?? tables.first
    }
}

/// What a page's handler answers.
enum Outcome {
    case page(Page)
    /// Go somewhere else, and say this there.
    case redirect(String, String? = nil)
    case response(Response)
    /// Go somewhere else with a new token of the sign-in.
    case signedIn(SignInToken, String, String)
    /// A piece of a page, by its template.
    case fragment(String, Model)
}

/// One page, or one thing that a form of a page does. Like the routes of the API: in a table, with its role.
public struct PageRoute: Sendable {
    /// GET or POST.
    public let method: HTTPRequest.Method
    /// With `{name}` for parameters.
    public let path: String
    /// The smallest role that sees it.
    public let role: Role
    /// The live topics that it shows; it is fetched again when one of them changes.
    public var topics: Set<String> = []
    /// Shows a form with what was typed when it cannot even be asked for: its proof is too old, or we fail.
    var again: (@Sendable (Visit, Problem) async throws -> Page)?
    let handle: @Sendable (Visit) async throws -> Outcome

    static func get(
        _ path: String, _ role: Role, topics: Set<String> = [],
        _ handle: @escaping @Sendable (Visit) async throws -> Page
    ) -> PageRoute {
        PageRoute(method: .get, path: path, role: role, topics: topics) { .page(try await handle($0)) }
    }

    static func post(
        _ path: String, _ role: Role, _ handle: @escaping @Sendable (Visit) async throws -> Outcome
    ) -> PageRoute {
        PageRoute(method: .post, path: path, role: role, handle: handle)
    }
}

extension PageRoute {
    /// A form: shown on GET, sent to the API on POST. What the API refuses is shown at its fields.
    /// - Parameters:
    ///   - posting: the smallest role that may send it, where that is another than the one that sees it.
    ///   - make: the page around a form, for entries and problem as they are; the form is its first block of that kind.
    ///   - send: has the API do it, and says where to go.
    static func form(
        _ path: String, _ role: Role, posting: Role? = nil,
        make: @escaping @Sendable (Visit, Entries?, Problem?) async throws -> Page,
        send: @escaping @Sendable (Visit) async throws -> Outcome
    ) -> [PageRoute] {
        [
            .get(path, role) { try await make($0, nil, nil) },
            PageRoute(
                method: .post, path: path, role: posting ?? role, again: { try await make($0, $0.entries, $1) },
                handle: send),
        ]
    }
}
