import Foundation
import Testing

@testable import ConnectWise

@Suite("ConnectWise dates")
struct ConnectWiseDateTests {
    @Test(
        "reads",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-21T03:00:00Z", 1_795_230_000), ("2000-02-29T23:59:59Z", 951_868_799),
            ("2016-08-20T18:04:26Z", 1_471_716_266), ("1800-01-01T08:00:00Z", -5_364_633_600),
            ("2016-08-20T18:04:26.250Z", 1_471_716_266.25), ("2016-08-20T18:04:26", 1_471_716_266),
        ] as [(String, Double)])
    func reads(text: String, seconds: Double) {
        #expect(ConnectWiseDate.parse(text) == Date(timeIntervalSince1970: seconds))
    }

    @Test(
        "reads nothing else", arguments: ["", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T03:00:00+01:00", "x"])
    func readsNothingElse(text: String) {
        #expect(ConnectWiseDate.parse(text) == nil)
    }

    @Test("writes what it reads, for every day of 600 years")
    func roundTrip() {
        for day in stride(from: -62_000, to: 157_000, by: 1) {
            let date = Date(timeIntervalSince1970: Double(day * 86_400 + (day & 0xffff)))
            #expect(ConnectWiseDate.parse(ConnectWiseDate.format(date)) == date)
        }
    }

    @Test("writes whole seconds")
    func wholeSeconds() {
        #expect(ConnectWiseDate.format(Date(timeIntervalSince1970: 1_471_716_266.9)) == "2016-08-20T18:04:26Z")
    }
}

@Suite("Conditions")
struct ConditionsTests {
    @Test(
        "text never becomes syntax",
        arguments: [
            ("plain", "name=\"plain\""), ("O'Brien", "name=\"O'Brien\""), ("19\" rack", "name='19\" rack'"),
            ("x\" OR id>0 OR name=\"", "name='x\" OR id>0 OR name=\"'"),
            ("both ' and \"", "name like \"both ' and *\""), ("[a] ' \"", "name like \"[[]a] ' *\""),
            ("line\nbreak\u{0}", "name=\"line break \""), ("", "name=\"\""),
            // Signs that join with a quote for Swift, and for nobody else.
            ("\u{600}\" or id>0", "name='\u{600}\" or id>0'"), ("\"\u{301}", "name='\"\u{301}'"),
            ("'\u{600}\"\u{301}", "name like \"'\u{600}*\u{301}\""), ("a\u{1}or\u{2028}b", "name=\"a or b\""),
        ])
    func quoting(text: String, expected: String) {
        #expect(Conditions.equal("name", text).text == expected)
    }

    @Test("whatever the text, the delimiters are the first and last of their kind")
    func noEscape() {
        let alphabet = ["\"", "'", "a", " ", "\\", "]", "[", "\u{600}", "\u{301}", "\u{200D}", "\u{FE0F}", "\u{1}"]
        for first in alphabet {
            for second in alphabet {
                for third in alphabet {
                    for condition in [
                        Conditions.equal("f", first + second + third), .contains("f", first + second + third),
                    ] {
                        // By byte, as ConnectWise reads it.
                        let value = condition.text.utf8.drop { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
                        #expect(value.count { $0 == value.first } == 2)
                        #expect(value.last == value.first)
                    }
                }
            }
        }
    }

    @Test("the rest of the grammar")
    func grammar() {
        let date = Date(timeIntervalSince1970: 1_471_716_266)
        let condition =
            (Conditions.any(of: [1, 2], "board/id") || .flag("closedFlag", is: false))
            && .compare("lastUpdated", .greaterOrEqual, date) && .compare("id", .greater, 7)
        #expect(
            condition.text
                == "((board/id in (1,2) OR closedFlag=False) AND lastUpdated>=[2016-08-20T18:04:26Z]) AND id>7")
        #expect(Conditions.any(of: [Int](), "id").text == "id=0")
        #expect(
            Conditions.any(of: ["a", "b\"'c", "d"], "identifier").text
                == "identifier in (\"a\",\"d\") OR identifier like \"b*'c\"")
        #expect(Conditions.contains("summary", "a\"'").text == "summary like \"*a*'*\"")
        #expect(Conditions.contains("summary", "[ALERT]").text == "summary contains \"[[]ALERT]\"")
    }
}

@Suite("Site")
struct SiteTests {
    @Test(
        "base of the API",
        arguments: [
            ("na.myconnectwise.net", "v2026_1/", true, nil, "https://api-na.myconnectwise.net/v2026_1/apis/3.0"),
            (
                "eu.myconnectwise.net", "v4_6_release/", true, nil,
                "https://api-eu.myconnectwise.net/v4_6_release/apis/3.0"
            ),
            ("api-na.myconnectwise.net", "v2026_1/", true, nil, "https://api-na.myconnectwise.net/v2026_1/apis/3.0"),
            (
                "sandbox-na.myconnectwise.net", "v2025_1/", true, nil,
                "https://sandbox-na.myconnectwise.net/v2025_1/apis/3.0"
            ),
            (
                "staging.connectwisedev.com", "v2026_1/", false, nil,
                "https://api-staging.connectwisedev.com/v2026_1/apis/3.0"
            ),
            ("psa.example.com", "v4_6_release/", false, nil, "https://psa.example.com/v4_6_release/apis/3.0"),
            ("psa.example.com:8443", "v4_6_release/", false, nil, "https://psa.example.com:8443/v4_6_release/apis/3.0"),
            (
                "na.myconnectwise.net", "v1/", true, "api-na.myconnectwise.net",
                "https://api-na.myconnectwise.net/v1/apis/3.0"
            ),
            ("na.myconnectwise.net", "v1/", true, "na.myconnectwise.net", "https://na.myconnectwise.net/v1/apis/3.0"),
            ("na.myconnectwise.net", "v1/", true, "evil.example.org", "https://api-na.myconnectwise.net/v1/apis/3.0"),
            ("127.0.0.1:8081", "v2026_1/", true, nil, "http://127.0.0.1:8081/v2026_1/apis/3.0"),
            ("https://NA.MyConnectWise.net/", "v1/", true, nil, "https://api-na.myconnectwise.net/v1/apis/3.0"),
        ] as [(String, String, Bool, String?, String)])
    func apiBase(site: String, codebase: String, isCloud: Bool, siteURL: String?, expected: String) throws {
        let info = CompanyInfo(codebase: codebase, isCloud: isCloud, siteURL: siteURL)
        #expect(try #require(Site(site)).apiBase(info) == expected)
    }

    @Test("no site", arguments: ["", "ftp://x", "user@host", "https://", "a b"])
    func noSite(text: String) {
        #expect(Site(text) == nil)
    }

    @Test("link to a ticket, at the sign-in host")
    func link() throws {
        for site in ["na.myconnectwise.net", "api-na.myconnectwise.net"] {
            #expect(
                try #require(Site(site)).ticketLink(69, companyID: "a&b")
                    == "https://na.myconnectwise.net/v4_6_release/services/system_io/router/openrecord.rails"
                    + "?locale=en_US&recordType=ServiceFv&recid=69&companyName=a%26b")
        }
    }

    @Test("owns itself and its twin only")
    func owns() throws {
        let site = try #require(Site("na.myconnectwise.net"))
        #expect(site.owns(host: "NA.myconnectwise.net"))
        #expect(site.owns(host: "api-na.myconnectwise.net"))
        #expect(!site.owns(host: "eu.myconnectwise.net"))
        #expect(!site.owns(host: "na.myconnectwise.net.evil.org"))
    }
}

@Suite("Callback signature")
struct CallbackSignatureTests {
    private let body = Data(#"{"Action":"updated","ID":123,"Type":"ticket"}"#.utf8)
    private let signature = "iRHwWR6fJezbNoz9PjCZZpvHwHYpZIUcONCNHCT3Lao="

    @Test("test vector")
    func vector() {
        #expect(CallbackSignature.verify(body: body, header: signature, signingKey: "test-signing-key"))
    }

    @Test("anything else is refused")
    func refused() {
        #expect(!CallbackSignature.verify(body: body + [32], header: signature, signingKey: "test-signing-key"))
        #expect(!CallbackSignature.verify(body: body, header: signature, signingKey: "other"))
        for header in ["", "x", "AAAA", String(signature.dropLast(4)), "i" + signature] {
            #expect(!CallbackSignature.verify(body: body, header: header, signingKey: "test-signing-key"))
        }
    }
}

@Suite("Records")
struct RecordTests {
    @Test("a ticket, leniently")
    func ticket() throws {
        let json = #"""
            {"id":69,"summary":"S","board":{"id":1,"name":"Service A","_info":{"x":null}},"owner":{"identifier":"stub"},
            "resources":"a, b,","closedFlag":"not a flag","closedDate":"2016-08-20T18:04:26Z","priority":7,
            "somethingNew":[1,{}],"_info":{"lastUpdated":"2024-01-02T03:04:05Z","updatedBy":"me","dateEntered":null}}
            """#
        let ticket = try JSONDecoder().decode(Ticket.self, from: Data(json.utf8))
        #expect(ticket.id == 69)
        #expect(ticket.board == Reference(id: 1, name: "Service A"))
        #expect(ticket.owner == nil)
        #expect(ticket.resources == ["a", "b"])
        #expect(ticket.closed == nil)
        #expect(ticket.priority == nil)
        #expect(ticket.closedDate == Date(timeIntervalSince1970: 1_471_716_266))
        #expect(ticket.info?.updatedBy == "me")
        #expect(ticket.info?.dateEntered == nil)
        #expect(ticket.info?.lastUpdated != nil)
        #expect(throws: DecodingError.self) { _ = try JSONDecoder().decode(Ticket.self, from: Data("{}".utf8)) }
    }

    @Test("company information with text and flag", arguments: [#""True""#, "true"])
    func companyInfo(isCloud: String) throws {
        let json = #"{"Codebase":"v2017_3/","IsCloud":\#(isCloud)}"#
        #expect(try JSONDecoder().decode(CompanyInfo.self, from: Data(json.utf8)).isCloud)
    }

    @Test("a codebase that is no folder name", arguments: ["", "/", "../", "a/b/", "x@evil.org/", "a?b"])
    func badCodebase(codebase: String) {
        let json = #"{"Codebase":"\#(codebase)","IsCloud":true}"#
        #expect(throws: DecodingError.self) { _ = try JSONDecoder().decode(CompanyInfo.self, from: Data(json.utf8)) }
    }

    @Test("credentials do not print")
    func credentials() {
        let credentials = ConnectWiseCredentials(
            companyID: "acme", publicKey: "public!", privateKey: "private!", clientID: "client!")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] { #expect(!text.contains("!")) }
    }
}
