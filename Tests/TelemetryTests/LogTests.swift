import Foundation
import Logging
import Synchronization
import Testing

@testable import Telemetry

/// Collects the lines that loggers write.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var output: LogOutput { LogOutput { line in self.lines.withLock { $0.append(line) } } }
    var all: [String] { lines.withLock { $0 } }
    var joined: String { all.joined() }

    func logger(_ format: LogFormat, label: String = "patchbay.jobs", level: Logger.Level = .trace) -> Logger {
        Logger(label: label) {
            LineLogHandler(
                label: $0, format: format, level: level, output: self.output,
                now: { Date(timeIntervalSince1970: 1_795_229_431.123) })
        }
    }
}

@Suite struct TextLogTests {
    private let line = LogLine(
        time: Date(timeIntervalSince1970: 1_795_229_431.123), level: .info, label: "patchbay.jobs",
        message: "claimed", error: nil, metadata: [:])

    @Test func lineIsAligned() {
        #expect(line.rendered(as: .text, timeZone: .gmt) == "02:50:31.123  info     jobs           claimed\n")
    }

    @Test func metadataIsSortedAndQuotedWhereNeeded() {
        var line = line
        line.metadata = ["ticket": "4711", "board": "Service Desk", "empty": "", "said": "a \"b\"", "ids": ["1", "2"]]
        line.error = "no route"
        #expect(
            line.rendered(as: .text, timeZone: .gmt).hasSuffix(
                "claimed  board=\"Service Desk\" empty=\"\" ids=\"[1, 2]\" said=\"a \\\"b\\\"\" ticket=4711 "
                    + "error=\"no route\"\n"))
    }

    @Test func controlCharactersCannotForgeALine() {
        var line = line
        line.message = "one\ntwo\u{1B}[31m"
        line.metadata = ["a\nb": "c\rd"]
        let text = line.rendered(as: .text, timeZone: .gmt)
        #expect(text.contains("one\\ntwo\\u{1b}[31m"))
        #expect(text.contains("a\\nb=c\\rd"))
        #expect(text.filter(\.isNewline).count == 1)
    }

    @Test func colorsAreOnlyAddedWhenAsked() {
        #expect(!line.rendered(as: .text).contains("\u{1B}"))
        #expect(line.rendered(as: .text, colored: true).contains("\u{1B}[32minfo"))
    }
}

@Suite struct JSONLogTests {
    @Test func everyLineIsOneObject() throws {
        let lines = Lines()
        let logger = lines.logger(.json)
        logger.error(
            "said \"no\"\n\u{0}\u{2028}",
            metadata: [
                "count": .stringConvertible(3), "share": .stringConvertible(0.5), "done": .stringConvertible(true),
                "odd": .stringConvertible(Double.nan), "list": ["a", ["b": "c"]], "path": "C:\\x",
            ])
        #expect(lines.all.count == 1)
        #expect(lines.joined.filter(\.isNewline).count == 1)
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(lines.joined.utf8)) as? [String: Any])
        #expect(object["time"] as? String == "2026-11-21T02:50:31.123Z")
        #expect(object["level"] as? String == "error")
        #expect(object["logger"] as? String == "patchbay.jobs")
        #expect(object["message"] as? String == "said \"no\"\n\u{0}\u{2028}")
        let metadata = try #require(object["metadata"] as? [String: Any])
        #expect(metadata["count"] as? Int == 3)
        #expect(metadata["share"] as? Double == 0.5)
        #expect(metadata["done"] as? Bool == true)
        #expect(metadata["odd"] as? String == "nan")
        #expect(metadata["path"] as? String == "C:\\x")
        #expect((metadata["list"] as? [Any])?.count == 2)
    }

    @Test func nearerMetadataWins() {
        let lines = Lines()
        var logger = lines.logger(.json)
        logger[metadataKey: "ticket"] = "1"
        logger[metadataKey: "board"] = "2"
        logger.info("x", metadata: ["ticket": "3"])
        #expect(lines.joined.contains("{\"board\":\"2\",\"ticket\":\"3\"}"))
    }

    @Test func errorIsWritten() {
        struct Broken: Error, CustomStringConvertible { let description = "the cable is out" }
        let lines = Lines()
        lines.logger(.json).warning("failed", error: Broken())
        #expect(lines.joined.contains("\"error\":\"the cable is out\""))
    }

    @Test func lowerLevelsAreLeftOut() {
        let lines = Lines()
        lines.logger(.json, level: .warning).info("quiet")
        #expect(lines.all.isEmpty)
    }
}

@Suite struct RedactionTests {
    @Test(
        arguments: [
            "authorization", "Authorization", "proxy-authorization", "token", "access_token", "accessToken", "tokens",
            "secret", "PATCHBAY_SECRET", "client.secret", "password", "passwd", "dbPassword", "key", "api_key",
            "apikey", "privateKey", "public_key", "signing-key", "KEY", "cookie", "set-cookie", "credentials",
            "key_value",
        ])
    func secretLikeNamesAreHidden(name: String) {
        #expect(Redaction.hides(name))
    }

    @Test(
        arguments: [
            "ticket", "board", "key_id", "keyID", "token_kind", "tokenizer", "keyboard", "author", "", "id", "hint",
        ])
    func otherNamesAreShown(name: String) {
        #expect(!Redaction.hides(name))
    }

    @Test(arguments: LogFormat.allCases)
    func secretsNeverReachTheLog(format: LogFormat) {
        let lines = Lines()
        var logger = lines.logger(format)
        let names = ["authorization", "token", "secret", "password", "key", "Authorization", "privateKey"]
        for name in names { logger[metadataKey: name] = "hunter2" }
        logger.info("plain", metadata: ["header": ["Authorization": "hunter2"], "all": [["token": "hunter2"]]])
        logger.info("nested", metadata: ["secret": ["hunter2", ["inner": "hunter2"]], "key": .stringConvertible(2)])
        #expect(lines.all.count == 2)
        #expect(!lines.joined.contains("hunter2"))
        #expect(lines.joined.components(separatedBy: Redaction.mask).count - 1 == names.count * 2 + 2)
    }
}

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_782_400.5, "2000-02-29T00:00:00.500Z"),
            (1_709_251_199.999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400.0, "2100-03-01T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.000Z"),
        ])
    func timesAreRFC3339(seconds: Double, text: String) {
        #expect(Timestamp.utc(Date(timeIntervalSince1970: seconds)) == text)
    }
}
