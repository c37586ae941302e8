import Foundation
import Testing

@testable import Sealing

@Suite struct SecretTests {
    @Test func listKeepsTheOrder() throws {
        let first = Secret.generate()
        let second = Secret.generate()
        #expect(try Secret.list("\(first.base64), \(second.base64)\n") == [first, second])
        #expect(try Secret.list("\(first.base64),") == [first])
    }

    @Test(
        arguments: [
            ("", SealingError.noSecret),
            (" , \n", .noSecret),
            ("not base64!", .secretNotBase64(position: 1)),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,AAAA", .secretWrongLength(position: 2, bytes: 3)),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,,AAAA", .secretWrongLength(position: 3, bytes: 3)),
        ])
    func wrongListsAreRefused(text: String, error: SealingError) {
        #expect(throws: error) { try Secret.list(text) }
    }

    @Test func generatedSecretsDiffer() {
        #expect(Secret.generate() != Secret.generate())
    }

    @Test func printingASecretShowsOnlyItsKeyID() {
        let secret = Secret.generate()
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(text.contains(secret.keyID))
            #expect(!text.contains(secret.base64))
            #expect(!text.contains("material"))
        }
    }

    @Test func keyIDIsEightHexadecimalDigits() {
        for _ in 0..<50 {
            let id = Secret.generate().keyID
            #expect(id.count == 8)
            #expect(id.allSatisfy { $0.isHexDigit })
        }
    }
}

@Suite struct SecretFileTests {
    @Test func createdFileIsPrivateAndReadsBack() throws {
        try inFolder { folder in
            let file = SecretFile(path: "\(folder)/data/deeper/secret")
            let secret = Secret.generate()
            try file.create(secret)
            #expect(try file.read() == [secret])
            #expect(try mode(of: file.path) == 0o600)
            #expect(try mode(of: "\(folder)/data/deeper") == 0o700)
        }
    }

    @Test func creatingTwiceKeepsTheFirstSecret() throws {
        try inFolder { folder in
            let file = SecretFile(path: "\(folder)/secret")
            let secret = Secret.generate()
            try file.create(secret)
            #expect(throws: SealingError.fileExists(path: file.path)) { try file.create(.generate()) }
            #expect(try file.read() == [secret])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["secret"])
        }
    }

    @Test func replacedFileHoldsTheNewSecretFirst() throws {
        try inFolder { folder in
            let file = SecretFile(path: "\(folder)/secret")
            let old = Secret.generate()
            let new = Secret.generate()
            try file.create(old)
            try file.replace(with: [new, old])
            #expect(try file.read() == [new, old])
            #expect(try mode(of: file.path) == 0o600)
            #expect(throws: SealingError.noSecret) { try file.replace(with: []) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["secret"])
        }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o601])
    func fileOpenToOthersIsRefused(mode: Int) throws {
        try inFolder { folder in
            let file = SecretFile(path: "\(folder)/secret")
            try file.create(.generate())
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            #expect(throws: SealingError.fileExposed(path: file.path, mode: UInt32(mode))) { try file.read() }
        }
    }

    @Test func whatIsNoSecretFileIsRefused() throws {
        try inFolder { folder in
            let missing = SecretFile(path: "\(folder)/secret")
            #expect(throws: SealingError.fileMissing(path: missing.path)) { try missing.read() }
            #expect(throws: SealingError.self) { try SecretFile(path: folder).read() }

            let large = SecretFile(path: "\(folder)/large")
            let made = FileManager.default.createFile(
                atPath: large.path, contents: Data(count: 20_000), attributes: [.posixPermissions: 0o600])
            #expect(made)
            #expect(throws: SealingError.fileFailed(path: large.path, reason: "it is larger than 16384 bytes")) {
                try large.read()
            }
        }
    }

    @Test func messagesSayWhatToDo() {
        let exposed = SealingError.fileExposed(path: "data/secret", mode: 0o644)
        #expect("\(exposed)".contains("chmod 600 data/secret"))
        #expect("\(exposed)".contains("644"))
        #expect("\(SealingError.fileMissing(path: "data/secret"))".contains("patchbay setup"))
        #expect("\(SealingError.unknownKey(id: "0011aabb"))".contains("0011aabb"))
    }

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "patchbay-sealing-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func mode(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
