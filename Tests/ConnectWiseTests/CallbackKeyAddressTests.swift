import ConnectWise
import Testing

@Suite("The address of a callback's key")
struct CallbackKeyAddressTests {
    private static let path = "/v2026_1/system/callbackkey/index.rails"
    private static let record = "e17e6674-42f6-4105-9cff-4cd6cb4e62e8"

    private func address(_ url: String, site: String = "na.myconnectwise.net") throws -> String? {
        CallbackKeyAddress(url, site: try #require(Site(site)), company: "Acme")?.url
    }

    @Test(
        "It is at the site or its twin, below any codebase, with one or two slashes",
        arguments: [
            ("https://na.myconnectwise.net/v2025_1//system/callbackkey/index.rails", "acme", record),
            ("https://api-na.myconnectwise.net/v4_6_release/system/callbackkey/index.rails", "ACME", record),
            ("https://NA.MyConnectWise.net\(path)", "%41cme", record.uppercased()),
        ])
    func taken(url: String, company: String, id: String) throws {
        let written = try address("\(url)?companyName=\(company)&id=\(id)")
        let canonical = url.replacing("NA.MyConnectWise.net", with: "na.myconnectwise.net")
        #expect(written == "\(canonical)?companyName=Acme&id=\(Self.record)")
        // The order is not ours to know.
        #expect(try address("\(url)?id=\(id)&companyName=\(company)") == written)
    }

    @Test(
        "Nothing else is one, so it is never called",
        arguments: [
            "", "companyName=acme", "/key", "https://", "https://evil.example.com\(path)?companyName=acme&id=\(record)",
            "https://eu.myconnectwise.net\(path)?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net.evil.example.com\(path)?companyName=acme&id=\(record)",
            "https://api-api-na.myconnectwise.net\(path)?companyName=acme&id=\(record)",
            "http://na.myconnectwise.net\(path)?companyName=acme&id=\(record)",
            "ftp://na.myconnectwise.net\(path)?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net:8443\(path)?companyName=acme&id=\(record)",
            "https://u@na.myconnectwise.net\(path)?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net@evil.example.com\(path)?companyName=acme&id=\(record)",
            // What a stranger read with our credentials.
            "https://na.myconnectwise.net/v4_6_release/apis/3.0/service/tickets/count?companyName=acme"
                + "&conditions=summary%20like%20%22a*%22",
            "https://na.myconnectwise.net/v4_6_release/apis/3.0/service/tickets/count?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v4_6_release/apis/3.0/system/documents/7/download?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net\(path)?companyName=acme",
            "https://na.myconnectwise.net\(path)?id=\(record)",
            "https://na.myconnectwise.net\(path)", "https://na.myconnectwise.net\(path)?",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=\(record)&x=1",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=\(record)&",
            "https://na.myconnectwise.net\(path)?companyName=acme&companyName=acme",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=\(record)#x",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=7",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=e17e6674-42f6-4105-9cff-4cd6cb4e62eg",
            "https://na.myconnectwise.net\(path)?companyName=acme2&id=\(record)",
            "https://na.myconnectwise.net\(path)?companyName=acme%20&id=\(record)",
            "https://na.myconnectwise.net\(path)?companyName=acme%CC%81&id=\(record)",
            "https://na.myconnectwise.net\(path)?COMPANYNAME=acme&id=\(record)",
            "https://na.myconnectwise.net\(path)/?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net\(path)/../x?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v2026_1/x/..\(path)?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v2026_1%2Fapis/system/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/../system/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net//v2026_1/system/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v2026_1///system/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/apis/system/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v2026_1/system/callbackkey/index%2Erails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v2026_1/System/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=\(record)" + String(repeating: "0", count: 500),
        ])
    func refused(url: String) throws {
        #expect(try address(url) == nil)
    }

    @Test("Plain http is for a simulator on this machine only, at its own port")
    func loopback() throws {
        let rest = "\(Self.path)?companyName=acme&id=\(Self.record)"
        #expect(try address("http://127.0.0.1:9000\(rest)", site: "127.0.0.1:9000") != nil)
        #expect(try address("http://[::1]:9000\(rest)", site: "http://[::1]:9000") != nil)
        #expect(try address("http://127.0.0.1:9001\(rest)", site: "127.0.0.1:9000") == nil)
        #expect(try address("http://127.0.0.1\(rest)", site: "127.0.0.1:9000") == nil)
        #expect(try address("https://psa.example.com:8443\(rest)", site: "psa.example.com:8443") != nil)
        #expect(try address("http://psa.example.com:8443\(rest)", site: "psa.example.com:8443") == nil)
    }
}
