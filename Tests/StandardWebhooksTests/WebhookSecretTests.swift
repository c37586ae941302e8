import Foundation
import Testing

@testable import StandardWebhooks

@Suite("Webhook secrets")
struct WebhookSecretTests {
    @Test("A signature is that of the specification")
    func signature() throws {
        // Computed with Python's hmac module over `id.timestamp.body`.
        let secret = try #require(WebhookSecret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
        let signature = secret.signature(id: "msg_1", timestamp: 1_790_000_000, body: Data(#"{"type":"x"}"#.utf8))
        #expect(signature == "v1,yFe2sBHzE8OEdbcbMkHJIXYbq9lGHq88JsrEgAgyLf0=")
        let other = secret.signature(id: "msg_1", timestamp: 1_790_000_001, body: Data(#"{"type":"x"}"#.utf8))
        #expect(other != signature)
    }

    @Test(
        "What is no secret is refused",
        arguments: ["", "whsec_", "whsec_!!!", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "whsec_AAEC"])
    func refused(text: String) {
        #expect(WebhookSecret(text) == nil)
    }

    @Test("A new secret is one, is another each time, and does not show itself")
    func generated() throws {
        let secret = WebhookSecret.generate()
        #expect(WebhookSecret(secret.text) == secret)
        #expect(WebhookSecret.generate() != secret)
        #expect(!"\(secret) \(String(reflecting: secret))".contains(secret.text.dropFirst(6)))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("whsec"))
    }
}
