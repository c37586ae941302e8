import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import TestSupport
import Testing
import TextCorpus
import WebSupport

/// Swift's characters are grapheme clusters, and other programs' are not: whatever scalars surround a dangerous
/// character, it stays text in pages, files, conditions, and webhooks.
@Suite("Text by byte", .timeLimit(.minutes(30)))
struct TextTests {
    private static var options: RunningPatchbay.Options {
        var options = RunningPatchbay.Options()
        for name in ["SEARCHES", "LOOKUPS", "POSTS"] { options.settings["PATCHBAY_LIMIT_\(name)"] = "100000" }
        return options
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// Creates one of everything that has a name, with names from the corpus. A refused name need not be shown.
    private static func fill(_ patchbay: RunningPatchbay) async throws -> [String: String] {
        let ids = try await ConsoleTests.ids(patchbay)
        for (number, name) in TextCorpus.packed(TextCorpus.markup, bytes: 95).enumerated() {
            let api = patchbay.api
            for (path, body) in [
                ("/users", ["email": .text("u\(number)@rivermark.example"), "name": .text(name), "role": "viewer"]),
                ("/tenants", ["name": .text(name)]), ("/api-keys", ["name": .text(name)]),
            ] as [(String, JSON)] {
                let reply = try await api(.POST, path, body)
                #expect([201, 400, 422].contains(reply.status), "\(path): \(reply.text)")
            }
            _ = patchbay.webex.createRoom(name)
            if number % 6 == 0 {
                let ticket = try patchbay.connectWise.createTicket(name, text: name, as: .customer)
                try await patchbay.tell(ticket, action: "added")
            }
        }
        let all = TextCorpus.markup.joined(separator: "\n")
        let ticket = try patchbay.connectWise.createTicket("Everything", text: all, as: .customer)
        try await patchbay.refresh(ticket, action: "added")
        #expect(try await patchbay.api(API.Syncs.start, ["kinds": ["recipients"]]).status == 202)
        try await patchbay.settled()
        var filled = ids
        filled["ticket"] = "\(ticket)"
        return filled
    }

    @Test("No text becomes an element or attribute in any page", arguments: TestDatabase.engines)
    func pages(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            let ids = try await Self.fill(patchbay)
            let browser = try await patchbay.browser(.superAdmin)
            var shown = 0
            for page in ConsoleTests.pages where page.method == "GET" {
                let path = ConsoleTests.filled(page.path, ids)
                let reply = try await browser.get(path)
                guard reply.headers["content-type"]?.utf8.starts(with: "text/html".utf8) == true else { continue }
                let holes = TextCorpus.holes(inHTML: reply.body)
                #expect(holes.isEmpty, "\(path): \(holes.prefix(3))")
                shown += reply.text.components(separatedBy: TextCorpus.name).count - 1
            }
            #expect(shown > 100, "the texts are on the pages")
        }
    }

    @Test("Search terms and other input come back as text, signed in or not", arguments: TestDatabase.engines)
    func reflected(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            let stranger = Browser(base: patchbay.api.base)
            let browser = try await patchbay.browser(.superAdmin)
            let lists = [
                "/tickets?q=", "/users?search=", "/recipients?q=", "/tenants?search=", "/audit?actor=",
                "/audit?action=",
                "/audit?target=", "/search?q=", "/deliveries?ticket_id=", "/rules/preview?ticket_id=",
                "/tickets/update?id=",
                "/tickets/pick?q=", "/tickets/", "/tickets/pick/", "/rules?board_id=", "/keys?",
            ]
            for text in TextCorpus.packed(TextCorpus.markup, bytes: 600) {
                for list in lists {
                    let reply = try await browser.get(list + Self.escaped(text))
                    #expect(TextCorpus.holes(inHTML: reply.body).isEmpty, "\(list)\(Self.escaped(text))")
                }
                let shown = try await stranger.get("/sign-in?to=\(Self.escaped(text))")
                #expect(shown.status == 200)
                #expect(TextCorpus.holes(inHTML: shown.body).isEmpty)
                let refused = try await stranger.post("/sign-in", ["email": text, "password": "no", "to": text])
                #expect(TextCorpus.holes(inHTML: refused.body).isEmpty)
            }
        }
    }

    @Test("Exported files have exactly the right rows and fields, and no formulas", arguments: TestDatabase.engines)
    func exports(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            let names = TextCorpus.packed(TextCorpus.characters, bytes: 60) + TextCorpus.characters.map { "\($0)x" }
            for name in names {
                let reply = try await patchbay.api(API.Tenants.create, ["name": .text(name)])
                #expect([201, 400, 409, 422].contains(reply.status), "\(name.debugDescription): \(reply.text)")
            }
            let browser = try await patchbay.browser(.owner)
            let csv = CSVRows(try await browser.get("/tenants?export=csv").body)
            let stored = try await patchbay.database.read {
                try $0.first("SELECT COUNT(*) AS n FROM tenants")?["n"] ?? 0
            }
            #expect(csv.rows.count == stored + 1)
            for path in ["/tenants?export=csv", "/audit/export?format=csv", "/audit?export=csv"] {
                let file = try await browser.get(path).body
                #expect(file.starts(with: Data("\u{FEFF}".utf8)), "\(path)")
                let csv = CSVRows(file)
                #expect(csv.rows.count > 20, "\(path)")
                #expect(csv.isWhole, "\(path)")
                for row in csv.rows {
                    #expect(row.count == csv.rows.first?.count, "\(path): \(row)")
                    for field in row { #expect(!CSVRows.isFormula(field), "\(path): \(field.debugDescription)") }
                }
            }
            let lines = try await browser.get("/audit/export?format=jsonl").body.split(separator: UInt8(ascii: "\n"))
            for line in lines { #expect((try? JSONSerialization.jsonObject(with: line)) is [String: Any]) }
        }
    }

    @Test("A user limited to a customer finds no other customer's tickets", arguments: TestDatabase.engines)
    func conditions(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            let companies = try await patchbay.api(API.Companies.list, query: "limit=2").json["items"].elements
            let own = try #require(companies.first)
            let tenant = try await patchbay.api(API.Tenants.create, ["name": "Own", "psa_company_id": own["id"]])
            #expect(tenant.status == 201, "\(tenant.text)")
            let email = try await patchbay.person(.viewer)
            let user = try await patchbay.api(API.Users.list, query: "search=\(email)").json["items"].elements.first?[
                "id"]
            let limited = try await patchbay.api(
                API.Users.updateLimits, at: user?.int ?? 0, ["tenant_ids": .list([tenant.json["id"]])])
            #expect(limited.status == 200, "\(limited.text)")
            let viewer = patchbay.api.with(key: try await patchbay.key(of: email))
            let quotes = ["\"", "'", "*"].flatMap(TextCorpus.disguises)
            for quote in quotes {
                for other in ["'", "\""] {
                    let text = "\(other)\u{600}\(quote)\u{1}or\u{1}id>0\u{1}or\u{1}summary\u{1}like\u{1}\(quote)\u{301}"
                    let reply = try await viewer(API.Tickets.search, query: "q=\(Self.escaped(text))")
                    #expect([200, 400].contains(reply.status), "\(text.debugDescription): \(reply.text)")
                    let found = Set(reply.json["items"].elements.map { $0["company"]["id"].string })
                    #expect(found.isSubset(of: [own["id"].string]), "\(text.debugDescription)")
                }
            }
            // The simulator answers 400 to invalid syntax, which would mean that the text had broken out of its quotes.
            for text in TextCorpus.packed(TextCorpus.characters, bytes: 90) {
                let reply = try await patchbay.api(API.Tickets.search, query: "q=\(Self.escaped(text))")
                #expect([200, 400].contains(reply.status), "\(text.debugDescription): \(reply.text)")
                #expect(reply.json["code"] != "rejected", "\(text.debugDescription): \(reply.text)")
            }
        }
    }

    @Test("JSON escapes, including unpaired surrogates, become text or are refused", arguments: TestDatabase.engines)
    func escapes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            for text in TextCorpus.escapes {
                let reply = try await patchbay.api.send(
                    .POST, patchbay.api.base + "/api/v1/tenants", Data("{\"name\":\"x\(text)<i-am-evil>\"}".utf8))
                #expect([201, 400, 409, 422].contains(reply.status), "\(text): \(reply.text)")
            }
            let browser = try await patchbay.browser(.admin)
            #expect(TextCorpus.holes(inHTML: try await browser.get("/tenants?limit=200").body).isEmpty)
        }
    }
}

/// A CSV file, parsed byte by byte as in RFC 4180.
private struct CSVRows {
    private(set) var rows: [[String]] = []
    /// Whether every quote is closed and every quoted field starts with its quote.
    private(set) var isWhole = true

    init(_ file: Data) {
        var (field, row): ([UInt8], [String]) = ([], [])
        var (isQuoted, wasQuoted) = (false, false)
        func text() -> String { String(decoding: field, as: UTF8.self) }
        let bytes = Array(file)
        var at = 0
        while at < bytes.count {
            let (byte, next) = (bytes[at], at + 1 < bytes.count ? bytes[at + 1] : 0)
            switch (byte, isQuoted) {
            case (UInt8(ascii: "\""), true) where next == UInt8(ascii: "\""):
                field.append(byte)
                at += 1
            case (UInt8(ascii: "\""), true): isQuoted = false
            case (UInt8(ascii: "\""), false):
                if !field.isEmpty || wasQuoted { isWhole = false }
                (isQuoted, wasQuoted) = (true, true)
            case (UInt8(ascii: ","), false):
                row.append(text())
                (field, wasQuoted) = ([], false)
            case (UInt8(ascii: "\r"), false) where next == UInt8(ascii: "\n"):
                rows.append(row + [text()])
                (field, row, wasQuoted) = ([], [], false)
                at += 1
            default: field.append(byte)
            }
            at += 1
        }
        if isQuoted || !field.isEmpty || !row.isEmpty { isWhole = false }
    }

    /// Whether a spreadsheet would evaluate the field, judged by its first visible scalar, full-width forms included. A
    /// number is not a formula.
    static func isFormula(_ field: String) -> Bool {
        let seen = field.unicodeScalars.first { scalar in
            !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
        }
        guard let seen, Double(field) == nil else { return false }
        return "=+-@＝＋－＠".unicodeScalars.contains(seen)
    }
}
