import ArgumentParser
import Foundation
import Testing
import WebSupport

@testable import Commands

/// Every client command where nobody can be asked, and on narrow terminals.
@Suite(.timeLimit(.minutes(20))) struct EverywhereTests {
    /// Something that every list has one of, with every name that a command line has.
    private static func answer(to words: [String]) -> String {
        let long = "A text that is longer than any terminal is wide, which is why it has to be cut somewhere"
        let items = ([long] + words).enumerated().map { place, name in
            var members: [String: JSON] = [:]
            for member in [
                "name", "email", "user_name", "user_email", "identifier", "kind", "summary", "text", "error", "reason",
                "recipient_name", "board_name", "source_name", "destination_name", "site", "company", "issuer", "actor",
                "action", "target", "last_error", "connection", "member_name",
            ] { members[member] = .text(name) }
            for member in ["created_at", "sent_at", "finished_at", "last_validated_at", "starts_at", "ends_at", "at"] {
                members[member] = "2026-11-21T08:00:00.123Z"
            }
            members["id"] = .integer(Int64(place + 1))
            members["user_id"] = .integer(Int64(place + 1))
            members["state"] = "sent"
            return JSON.object(members)
        }
        let answer: JSON = [
            "id": 1, "name": .text(long), "state": "sent", "ok": true, "items": .list(items), "statuses": .list(items),
            "next_cursor": nil, "posts": .list(items), "count": 2, "active": true,
        ]
        return (try? answer.pretty()) ?? ""
    }

    @Test(
        "Every command ends without a terminal and without input, and lists are never wider than the terminal",
        arguments: GrammarTests.leaves)
    func everywhere(words: [String]) async throws {
        guard try Patchbay.command(for: words, note: { _ in }) is any ClientCommand else { return }
        try await ScriptedServer.answerAll(with: Self.answer(to: words)) { server in
            for width in [80, 40] {
                let style = Style(width: width, isColored: false, times: .local(now: Surroundings.testTime, .gmt))
                let run = try await CommandRun.of(words, server: server, style: style)
                #expect([0, 1, 64].contains(run.exitCode), "\(words): \(run)")
                #expect(run.exitCode == 0 || !run.errors.isEmpty || !run.output.isEmpty, "\(words)")
                guard words.contains("list") || words.contains("search") || words == ["sync", "status"] else {
                    continue
                }
                for line in run.output { #expect(line.displayWidth <= width, "\(words): \(line)") }
            }
        }
    }
}
