import Foundation
import Testing

@testable import Outbound

@Suite("Addresses")
struct WebAddressTests {
    @Test(
        "What is no port is no address, for numbers as for names",
        arguments: [
            "https://127.0.0.1:99999/x", "https://127.0.0.1:65536", "https://localhost:65979/",
            "https://localhost:131515",
            "https://[::1]:65536/", "https://psa.example.com:0/", "https://psa.example.com:-1/",
            "https://psa.example.com:18446744073709551616/", "https://psa.example.com:99999999999999999999999/",
            "https://psa.example.com:4_43/", "https://psa.example.com:٤٤٣/", "https://psa.example.com:/",
            "https://psa.example.com:+443/", "https://psa.example.com:443:443/",
        ])
    func ports(text: String) {
        #expect(WebAddress(text) == nil)
    }

    @Test(
        "What leads past what a reader sees is no address",
        arguments: [
            "", "/relative", "psa.example.com", "ftp://psa.example.com/", "https:///x", "https://user@psa.example.com/",
            "https://user:secret@psa.example.com/", "https://@psa.example.com/", "https://psa.example.com%2f.evil.com/",
            "https://psa.example.com%00/", "https://psa.example.com\t/", "https://psa.example.com\n.evil.com/",
            "https://psa.example.com\u{0}/", "https://psa\u{200d}.example.com/", "https://psa.example.com\\@evil.com/",
            "https:\\\\psa.example.com/", "https://127.1/", "https://0x7f.0.0.1/", "https://2130706433/",
            "https://psa.example.com/\u{FC}", "https://psa.example.com/a b", "https://psa.example.com/?q=\u{202E}x",
        ])
    func malformed(text: String) {
        #expect(WebAddress(text) == nil)
    }

    @Test("An address is read into its parts")
    func parts() throws {
        let address = try #require(WebAddress("HTTPS://PSA.Example.com:65535/a%2Fb?c=d"))
        #expect(address.host == "psa.example.com")
        #expect(address.port == 65_535)
        #expect(address.calledPort == 65_535)
        #expect(address.path == "/a%2Fb")
        #expect(address.query == "c=d")
        #expect(address.origin == "https://psa.example.com:65535")
        let plain = try #require(WebAddress("http://[::1]"))
        #expect(plain.port == nil)
        #expect(plain.calledPort == 80)
        #expect(plain.origin == "http://[::1]")
    }

    @Test("A host that was allowed for one purpose is not called for another")
    func purposes() throws {
        let allowlist = try HostAllowlist([
            "psa=onprem.example.com", "webhook=hooks.example.com", "plain.example.com", "identity=*.login.example.com",
            "chat=10.1.2.3:8443",
        ])
        func purposes(_ url: String) throws -> Set<HostAllowlist.Purpose?> {
            let address = try #require(WebAddress(url))
            let all: [HostAllowlist.Purpose?] = HostAllowlist.Purpose.allCases + [nil]
            return Set(all.filter { (try? allowlist.destination(of: address, for: $0)) != nil })
        }
        #expect(try purposes("https://onprem.example.com/") == [.psa])
        #expect(try purposes("https://hooks.example.com/x") == [.webhook])
        #expect(try purposes("https://a.login.example.com/") == [.identity])
        #expect(try purposes("https://10.1.2.3:8443/") == [.chat])
        // The paths that a chat system or a webhook is called at are any administrator's choice.
        #expect(try purposes("https://plain.example.com/") == [.psa, .identity, nil])
        for entry in ["mail=host.example", "=host.example", "psa=", "psa=psa=host.example"] {
            #expect(throws: HostAllowlist.InvalidEntry.self) { try HostAllowlist([entry]) }
        }
        // A host may be called as a purpose is.
        #expect(try HostAllowlist(["psa:8443"]).destination(of: #require(WebAddress("https://psa:8443/"))).mayBePrivate)
    }
}
