import API
import Testing

@testable import Accounts

@Suite("Roles and passwords")
struct PasswordTests {
    @Test("Each role may do what the smaller ones may")
    func roles() {
        #expect(Role.allCases.sorted() == [.viewer, .engineer, .dispatcher, .admin, .owner, .superAdmin])
        for (index, small) in Role.allCases.enumerated() {
            for large in Role.allCases[(index + 1)...] {
                #expect(small < large)
                #expect(!(large < small))
            }
            #expect(!(small < small))
        }
    }

    @Test("Roles are stored by these names")
    func roleNames() {
        #expect(Role.allCases.map(\.rawValue) == ["viewer", "engineer", "dispatcher", "admin", "owner", "super_admin"])
    }

    @Test(
        "Some passwords are not accepted",
        arguments: [
            ("", "12 characters"), ("elevenchars", "12 characters"), ("👩‍👩‍👧👩‍👩‍👧", "12 characters"),
            (String(repeating: "abcd", count: 19), "72 bytes"),
            ("pässwörd-" + String(repeating: "ß", count: 32), "72 bytes"),
            ("aaaaaaaaaaaa", "repeat"), ("ababababcbcbcb", "repeat"),
            ("abc\u{0}correct horse battery", "control"), ("correct horse battery\u{0}", "control"),
            ("correct\thorse battery", "control"), ("correct horse battery\u{7f}", "control"),
            ("correct horse battery\u{85}", "control"),
        ])
    func objections(password: String, part: String) throws {
        #expect(try #require(Password.objection(to: password)).contains(part))
    }

    @Test(
        "Others are",
        arguments: ["correct horse battery", "twelve chars", String(repeating: "wolf", count: 18), "пароль-длинный"])
    func accepted(password: String) {
        #expect(Password.objection(to: password) == nil)
    }

    @Test("A hash is bcrypt with cost 12 and its own salt, and matches only its password")
    func hashing() throws {
        let hash = try #require(Password.hash("correct horse battery"))
        #expect(hash.hasPrefix("$2b$12$"))
        #expect(hash.utf8.count == 60)
        #expect(Password.hash("correct horse battery") != hash)
        #expect(Password.verify("correct horse battery", against: hash))
        #expect(!Password.verify("correct horse batterY", against: hash))
        #expect(!Password.verify("", against: hash))
    }

    @Test("The dummy setting is bcrypt with the same cost as a hash, and matches no password")
    func nobody() {
        for cost in [PasswordCost.standard, .least] {
            let setting = Password.dummySetting(cost)
            #expect(Password.hash("correct horse battery", cost: cost)?.hasPrefix(setting.prefix(7)) == true)
            #expect(!Password.verify("correct horse battery", against: setting))
            #expect(!Password.verify("", against: setting))
        }
    }

    @Test("Text after a NUL counts: a text with one matches no password")
    func nul() throws {
        let hash = try #require(Password.hash("abc"))
        #expect(!Password.verify("abc\u{0}correct horse battery", against: hash))
        #expect(!Password.verify("abc\u{0}", against: hash))
        #expect(Password.hash("abc\u{0}def") == nil)
    }

    @Test(
        "Nothing matches a text that is not a hash",
        arguments: ["", "*0", "$2b$", "$2b$12$short", "correct horse battery"])
    func notAHash(hash: String) {
        #expect(!Password.verify("correct horse battery", against: hash))
        #expect(!Password.verify("", against: hash))
    }
}
