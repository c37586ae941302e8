import Crypto
import Foundation
import Testing

@testable import Sealing

@Suite struct SealerTests {
    private let row = "connection/17/private_key"
    private let credential = "zwölf-Geheimnisse-🔑"

    @Test func sealedTextOpensForItsRow() throws {
        let sealer = try Sealer([.generate()])
        let sealed = try sealer.seal(credential, for: row)
        #expect(try sealer.open(sealed, for: row) == credential)
        #expect(try sealer.open(sealer.seal("", for: row), for: row) == "")
    }

    @Test func sealingTwiceGivesDifferentTexts() throws {
        let sealer = try Sealer([.generate()])
        #expect(try sealer.seal(credential, for: row) != sealer.seal(credential, for: row))
    }

    @Test func formatIsVersionKeyIDAndBase64() throws {
        let sealer = try Sealer([.generate()])
        let parts = try sealer.seal(credential, for: row).split(separator: ".")
        #expect(parts.count == 3)
        #expect(parts.first == "v1")
        #expect(parts.dropFirst().first.map(String.init) == sealer.keyID)
        // Nonce 12 bytes, tag 16 bytes.
        let bytes = try #require(parts.last.flatMap { Data(base64Encoded: String($0)) })
        #expect(bytes.count == 12 + credential.utf8.count + 16)
    }

    // Computed with Python's hmac and `cryptography`, so that the format cannot change unnoticed.
    @Test func textSealedByAnotherImplementationOpens() throws {
        let secrets = try Secret.list("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
        let sealer = try Sealer(secrets)
        #expect(sealer.keyID == "19471566")
        #expect(
            try sealer.open("v1.19471566.ZGVmZ2hpamtsbW5vMZBgAMnymsraLAza9m3FojPn8LKrwwoYSnaCY1w=", for: "connection/1")
                == "correct horse")
    }

    @Test func textMovedToAnotherRowDoesNotOpen() throws {
        let sealer = try Sealer([.generate()])
        let sealed = try sealer.seal(credential, for: row)
        #expect(throws: SealingError.altered) { try sealer.open(sealed, for: "connection/18/private_key") }
        #expect(throws: SealingError.altered) { try sealer.open(sealed, for: "") }
    }

    @Test func everyAlteredByteIsNoticed() throws {
        let sealer = try Sealer([.generate()])
        let sealed = try sealer.seal(credential, for: row)
        let head = "v1.\(sealer.keyID)."
        let bytes = try #require(Data(base64Encoded: String(sealed.dropFirst(head.count))))
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            #expect(throws: SealingError.altered) { try sealer.open(head + altered.base64EncodedString(), for: row) }
        }
    }

    @Test func everyTruncationIsNoticed() throws {
        let sealer = try Sealer([.generate()])
        let sealed = try sealer.seal(credential, for: row)
        for length in 0..<sealed.count {
            #expect(throws: SealingError.self) { try sealer.open(String(sealed.prefix(length)), for: row) }
        }
        #expect(throws: SealingError.altered) { try sealer.open(String(sealed.dropLast(4)), for: row) }
    }

    @Test func wrongSecretNamesTheOneThatIsMissing() throws {
        let sealer = try Sealer([.generate()])
        let sealed = try sealer.seal(credential, for: row)
        let other = try Sealer([.generate()])
        #expect(throws: SealingError.unknownKey(id: sealer.keyID)) { try other.open(sealed, for: row) }
    }

    @Test func otherTextsAreRefusedWithoutBeingQuoted() throws {
        let sealer = try Sealer([.generate()])
        let plain = ["", "plain", "a.b.c", "v1.xyz.AAAA", "v1.0123456z.AAAA", "secret.12345678.AAAA", "v1.12345678"]
        for text in plain {
            #expect(throws: SealingError.notSealed, "\(text)") { try sealer.open(text, for: row) }
        }
        #expect(throws: SealingError.unknownVersion("v2")) { try sealer.open("v2.\(sealer.keyID).AAAA", for: row) }
        #expect(throws: SealingError.altered) { try sealer.open("v1.\(sealer.keyID).%%", for: row) }
    }

    @Test func rotationOpensOldTextsAndAsksToResealThem() throws {
        let old = Secret.generate()
        let new = Secret.generate()
        let before = try Sealer([old])
        let during = try Sealer([new, old])
        let after = try Sealer([new])
        let sealed = try before.seal(credential, for: row)
        #expect(!before.needsResealing(sealed))
        #expect(during.needsResealing(sealed))
        #expect(during.needsResealing("plain"))

        let resealed = try during.seal(during.open(sealed, for: row), for: row)
        #expect(!during.needsResealing(resealed))
        #expect(try after.open(resealed, for: row) == credential)
        #expect(throws: SealingError.unknownKey(id: old.keyID)) { try after.open(sealed, for: row) }
    }

    @Test func withoutSecretThereIsNoSealer() {
        #expect(throws: SealingError.noSecret) { try Sealer([]) }
    }
}

@Suite struct HintTests {
    @Test(
        arguments: [
            ("", "••••••"),
            ("abcdefg", "••••••"),
            ("東京都内", "••••••"),
            ("abcdefgh", "••••••efgh"),
            ("a-much-longer-credential-wxyz", "••••••wxyz"),
            ("Schlüssel", "••••••ssel"),
        ])
    func hintShowsFourCharactersAtMost(credential: String, hint: String) {
        #expect(Hint(of: credential).description == hint)
    }
}
