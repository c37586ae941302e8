import Foundation
import Testing

@testable import Outbound

@Suite("Allowlist")
struct HostAllowlistTests {
    private static let entries = [
        "*.myconnectwise.net", "psa.example.com", "onprem.example.com:8443", "127.0.0.1:8081", "[::1]:8082",
        "localhost:*", "10.1.2.3", "*.lab.example.com:9443",
    ]

    private func decide(_ url: String) throws -> Result<Destination, HostRefusal> {
        let allowlist = try HostAllowlist(Self.entries)
        return Result { () throws(HostRefusal) in try allowlist.destination(of: WebAddress(reading: url)) }
    }

    @Test(
        "permits",
        arguments: [
            ("https://na.myconnectwise.net/x", false), ("https://API-NA.MyConnectWise.net:443/x", false),
            ("https://a.b.myconnectwise.net", false), ("https://psa.example.com/x?y=1", true),
            ("https://onprem.example.com:8443", true), ("http://127.0.0.1:8081/", true), ("http://[::1]:8082/", true),
            ("http://localhost:49152/", true), ("https://localhost/", true), ("https://10.1.2.3/", true),
            ("https://x.lab.example.com:9443/", false),
        ])
    func permits(url: String, mayBePrivate: Bool) throws {
        #expect(try decide(url).get().mayBePrivate == mayBePrivate)
    }

    @Test(
        "refuses",
        arguments: [
            ("http://na.myconnectwise.net/", HostRefusal.scheme("http")),
            ("http://10.1.2.3/", .scheme("http")),
            ("ftp://psa.example.com/", .scheme("ftp")),
            ("https://user@psa.example.com/", .userInformation),
            ("https://user:secret@psa.example.com/", .userInformation),
            ("https://psa.example.com:8443/", .port("8443")),
            ("https://onprem.example.com/", .port("443")),
            ("https://na.myconnectwise.net:8443/", .port("8443")),
            ("https://x.lab.example.com/", .port("443")),
            ("http://127.0.0.1/", .port("80")),
            ("http://127.0.0.1:8082/", .port("8082")),
            ("http://127.0.0.2:8081/", .unlisted(host: "127.0.0.2")),
            ("https://myconnectwise.net/", .unlisted(host: "myconnectwise.net")),
            ("https://evilmyconnectwise.net/", .unlisted(host: "evilmyconnectwise.net")),
            ("https://na.myconnectwise.net.evil.com/", .unlisted(host: "na.myconnectwise.net.evil.com")),
            ("https://sub.psa.example.com/", .unlisted(host: "sub.psa.example.com")),
            ("https://169.254.169.254/", .unlisted(host: "169.254.169.254")),
            ("https://[::ffff:10.1.2.3]/", .unlisted(host: "::ffff:10.1.2.3")),
            ("https://2130706433/", .malformed), ("https://127.1/", .malformed), ("https://0x7f.0.0.1/", .malformed),
            ("https://010.1.2.3/", .malformed),
            ("https://na.myconnectwise.net./", .malformed),
            ("/relative", .malformed), ("https:///x", .malformed),
        ])
    func refuses(url: String, refusal: HostRefusal) throws {
        #expect(try decide(url) == .failure(refusal))
    }

    @Test(
        "entries that say too much or nothing are errors",
        arguments: ["", "*", "*.com", "https://psa.example.com", "host:0", "host:99999", "host:x", "*.10.0.0.1", "a b"])
    func invalidEntries(entry: String) {
        #expect(throws: HostAllowlist.InvalidEntry(text: entry)) { () throws in _ = try HostAllowlist([entry]) }
    }
}

@Suite("Addresses")
struct NetworkAddressTests {
    @Test(
        "refuses",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
            "127.255.0.9", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
            "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1",
            "240.0.0.1", "255.255.255.255", "168.63.129.16", "100.100.100.200", "::", "::1", "::ffff:8.8.8.8",
            "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
            "2002:808:808::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "5f00::1",
        ])
    func refuses(text: String) throws {
        #expect(try #require(NetworkAddress(text)).refusal != nil)
    }

    @Test(
        "permits",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.1.1.1",
            "128.0.0.1", "169.253.1.1", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "198.17.1.1",
            "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1", "2001:4860:4860::8888",
            "2400:cb00::1", "2003::1", "3ffe::1",
        ])
    func permits(text: String) throws {
        #expect(try #require(NetworkAddress(text)).refusal == nil)
    }
}
