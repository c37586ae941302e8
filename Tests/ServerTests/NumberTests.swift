import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Any number can arrive from outside: the server may refuse it, but never crashes or answers with a server error. Each
/// run tries a random choice of extremes.
@Suite("Numbers", .timeLimit(.minutes(30)))
struct NumberTests {
    private static var options: RunningPatchbay.Options {
        var options = RunningPatchbay.Options()
        for name in ["SEARCHES", "LOOKUPS", "POSTS"] { options.settings["PATCHBAY_LIMIT_\(name)"] = "100000" }
        return options
    }

    /// Refused or done; 502 to 504 mean that an outside system failed, which `/test` may report.
    private static func isFine(_ reply: Reply) -> Bool {
        reply.status < 500 || ((502...504).contains(reply.status) && reply.json["code"] != "internal_error")
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    // MARK: Bugs found earlier

    @Test("Sorting by a column that does not exist is refused", arguments: TestDatabase.strictEngine)
    func sort(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await patchbay.browser(.viewer)
            for number in ["-9223372036854775808", "9223372036854775807", "100", "-100", "0", "1e300", "NaN"] {
                let reply = try await browser.get("/rules?sort=\(number)")
                #expect(reply.status == 400, "\(number): \(reply.status)")
                #expect(reply.text.contains("sort"), "\(number): \(reply.status)")
            }
            for number in ["1", "-2", "99", ""] {
                #expect(try await browser.get("/rules?sort=\(number)").status == 200)
            }
        }
    }

    @Test("A date that does not exist is refused", arguments: TestDatabase.strictEngine)
    func days(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await patchbay.browser(.engineer)
            for day in [
                "2026-01-9223372036854775807", "9223372036854775807-01-01", "2026-13-01", "2026-00-10", "2026-1",
            ] {
                let reply = try await browser.get("/integrations/posts?until=\(day)")
                #expect(reply.status == 400, "\(day): \(reply.status)")
                #expect(reply.text.contains("until"), "\(day): \(reply.status)")
            }
            #expect(try await browser.get("/integrations/posts?since=2026-01-31&until=2026-12-31").status == 200)
        }
    }

    @Test("An audit entry with an out-of-range number is not found", arguments: TestDatabase.strictEngine)
    func entry(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await patchbay.browser(.admin)
            for number in ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "0", "1e300"] {
                #expect(try await browser.get("/audit/\(number)").status == 404)
            }
            #expect(try await browser.get("/audit/1").status == 200)
        }
    }

    @Test("A setting that is not a number is refused at its field", arguments: TestDatabase.strictEngine)
    func setting(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await patchbay.browser(.admin)
            for text in ["NaN", "inf", "1e400", "-0x1p1023", "1e300", "9223372036854775808"] {
                _ = try await browser.get("/settings")
                let reply = try await browser.post("/settings", ["history_days": text])
                #expect([400, 422].contains(reply.status), "\(text): \(reply.status)")
                #expect(reply.text.contains("has-error"))
            }
        }
    }

    @Test("Impossible hours of a time entry are not shown", arguments: TestDatabase.strictEngine)
    func hours(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Counted")
            let browser = try await patchbay.browser(.viewer)
            for hours in ["1e300", "-1e300", "9223372036854775807"] {
                let entry = """
                    [{"id": 7, "chargeToId": \(ticket), "chargeToType": "ServiceTicket", "actualHours": \(hours)}]
                    """
                let fault = Fault(.answer(status: 200, body: entry), method: "GET", path: "*/time/entries")
                patchbay.connectWise.control.script(fault)
                #expect(try await browser.get("/tickets/\(ticket)").status == 200)
                patchbay.connectWise.control.script(fault)
                let notes = try await patchbay.api(.GET, "/integrations/psa/tickets/\(ticket)/notes")
                #expect(notes.status == 200)
                #expect(notes.json["items"].elements.first?["minutes"] == .null)
                #expect(patchbay.connectWise.control.faults.isEmpty)
            }
        }
    }

    // MARK: Every input

    @Test("No number in any API parameter causes a server error, for any role", arguments: TestDatabase.strictEngine)
    func parameters(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let ids = try await ConsoleTests.ids(patchbay)
            let operations = try await DescribedOperation.all(patchbay.api)
            #expect(operations.count == RouteTests.operations.count)
            var keys: [Role: APIClient] = [:]
            for role in Role.allCases {
                keys[role] = patchbay.api.with(key: try await patchbay.key(of: try await patchbay.person(role)))
            }
            var asked: [(operation: DescribedOperation, path: String, body: String?, role: Role)] = []
            for operation in operations where operation.method != "DELETE" {
                let least = RouteTests.operations.first {
                    $0.method == operation.method && $0.path == operation.path
                }
                let may = Role.allCases.filter { $0 >= least?.role ?? .superAdmin }
                for (path, body) in Self.requests(operation, ids, &dice) {
                    if let role = may.randomElement(using: &dice) { asked.append((operation, path, body, role)) }
                }
            }
            let (callers, seed) = (keys, dice.seed)
            try await concurrently(asked) { operation, path, body, role in
                guard let caller = callers[role] else { return }
                let reply = try await caller.send(
                    HTTPMethod(rawValue: operation.method), caller.base + "/api/v1" + path,
                    body.map { Data($0.utf8) })
                let isFine = Self.isFine(reply)
                #expect(
                    isFine,
                    "\(operation.method) \(path) \(body ?? "") as \(role.rawValue), seed \(seed): \(reply.text)")
            }
            #expect(try await patchbay.api(.GET, "/readiness").status == 200)
        }
    }

    /// Requests that put extremes into every parameter and field of this operation, one at a time.
    private static func requests(
        _ operation: DescribedOperation, _ ids: [String: String], _ dice: inout Dice
    ) -> [(path: String, body: String?)] {
        var requests: [(String, String?)] = []
        let plain = filled(operation.path, ids)
        for name in operation.path.split(separator: "/").filter({ $0.hasPrefix("{") }) {
            for text in dice.some(6, of: Extremes.texts) where !text.isEmpty {
                let path = operation.path.replacing(name, with: escaped(text))
                requests.append((filled(path, ids), operation.plainBody))
            }
        }
        for name in operation.query {
            for text in dice.some(8, of: Extremes.texts) {
                requests.append(("\(plain)?\(name)=\(escaped(text))", operation.plainBody))
            }
        }
        for token in dice.some(4, of: Extremes.numbers) + dice.some(2, of: Extremes.words).map({ "\"\($0)\"" }) {
            requests += operation.bodies(with: token).map { (plain, $0) }
        }
        return requests
    }

    /// The path, with placeholders replaced by the IDs of existing objects.
    private static func filled(_ path: String, _ ids: [String: String]) -> String {
        var before: Substring = ""
        return path.split(separator: "/").map { segment in
            defer { before = segment }
            guard segment.hasPrefix("{") else { return "/\(segment)" }
            let names = [
                "users": "user", "keys": "key", "tickets": "ticket", "posts": "post", "rules": "rule", "rooms": "room",
                "deliveries": "delivery", "forwards": "forward", "tenants": "tenant", "identity-providers": "provider",
                "feature-flags": "flag", "connections": path.contains("/chat/") ? "chat" : "psa",
            ]
            return "/" + (names[String(before)].flatMap { ids[$0] } ?? "1")
        }.joined()
    }

    @Test("No number in any URL of the console causes a server error", arguments: TestDatabase.strictEngine)
    func pages(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let ids = try await ConsoleTests.ids(patchbay)
            var browsers: [Role: Browser] = [:]
            for role in Role.allCases { browsers[role] = try await patchbay.browser(role) }
            var asked: [(method: String, path: String, role: Role)] = []
            for page in ConsoleTests.pages {
                let may = Role.allCases.filter { $0 >= page.role }
                for path in Self.addresses(page.path, isRead: page.method == "GET", ids, &dice) {
                    if let role = may.randomElement(using: &dice) { asked.append((page.method, path, role)) }
                }
            }
            let (visitors, seed) = (browsers, dice.seed)
            try await concurrently(asked) { method, path, role in
                guard let browser = visitors[role] else { return }
                let reply = method == "GET" ? try await browser.get(path) : try await browser.post(path)
                let isFine = Self.isFine(reply)
                #expect(isFine, "\(method) \(path) as \(role.rawValue), seed \(seed): \(reply.status)")
            }
            #expect(try await patchbay.api(.GET, "/readiness").status == 200)
        }
    }

    private static let names = [
        "sort", "cursor", "limit", "since", "until", "q", "search", "state", "ticket_id", "board_id", "status_id",
        "company_id", "recipient_id", "member_id", "user_id", "connection_id", "event", "events", "seen", "part",
        "tenant",
        "format", "export", "to", "kind", "list", "closed", "mine", "open", "mapped", "active", "actor", "action",
        "target",
        "taken", "fragment", "id",
    ]

    private static func addresses(
        _ path: String, isRead: Bool, _ ids: [String: String], _ dice: inout Dice
    ) -> [String] {
        var addresses: [String] = []
        for name in path.split(separator: "/").filter({ $0.hasPrefix("{") }) {
            addresses += dice.some(6, of: Extremes.texts).filter { !$0.isEmpty }.map {
                ConsoleTests.filled(path.replacing(name, with: escaped($0)), ids)
            }
        }
        guard isRead else { return addresses }
        let plain = ConsoleTests.filled(path, ids)
        for name in names {
            let count = ["sort", "since", "until", "cursor"].contains(name) ? 6 : 1
            addresses += dice.some(count, of: Extremes.texts).map { "\(plain)?\(name)=\(escaped($0))" }
        }
        // A well-formed cursor with a key of any size.
        addresses += dice.some(2, of: Extremes.texts).map {
            "\(plain)?cursor=\(escaped(Data("c:\($0)".utf8).base64EncodedString()))"
        }
        return addresses
    }

    @Test("No number in any form field causes a server error", arguments: TestDatabase.strictEngine)
    func forms(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let ids = try await ConsoleTests.ids(patchbay)
            let browser = try await patchbay.browser(.superAdmin)
            let forms = ConsoleTests.pages.filter { page in
                page.method == "POST" && ConsoleTests.pages.contains { $0.method == "GET" && $0.path == page.path }
            }
            for form in forms {
                let path = ConsoleTests.filled(form.path, ids)
                let names = Self.fields(of: try await browser.get(path).text)
                for name in names where !name.hasPrefix("_") {
                    for text in dice.some(2, of: Extremes.texts) {
                        let page = try await browser.get(path).text
                        var fields = Dictionary(
                            names.map { ($0, Self.value(of: $0, in: page)) }, uniquingKeysWith: { first, _ in first })
                        fields[name] = text
                        let reply = try await browser.post(path, fields)
                        let isFine = Self.isFine(reply)
                        #expect(isFine, "POST \(path) \(name)=\(text), seed \(dice.seed): \(reply.status)")
                    }
                }
            }
            #expect(try await patchbay.api(.GET, "/readiness").status == 200)
        }
    }

    private static func fields(of page: String) -> [String] {
        let main = page.range(of: "<main").map { page[$0.lowerBound...] } ?? page[...]
        return main.components(separatedBy: " name=\"").dropFirst().compactMap { part in
            part.split(separator: "\"", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
        }
    }

    private static func value(of name: String, in page: String) -> String {
        guard let start = page.range(of: " name=\"\(name)\" value=\""),
            let end = page.range(of: "\"", range: start.upperBound..<page.endIndex)
        else { return "" }
        return String(page[start.upperBound..<end.lowerBound])
    }
}
