import ArgumentParser
import Foundation
import Testing

@testable import Commands

/// What the commands about tickets become on the wire.
@Suite struct TicketCommandTests {
    private func call<Command: ClientCommand>(
        _ type: Command.Type, _ arguments: String..., asks: (Command) throws -> Call
    ) throws -> Call {
        try asks(try #require(try Patchbay.parseAsRoot(arguments) as? Command))
    }

    private let surroundings = Surroundings.inTest()

    @Test func search() throws {
        let command = try #require(
            try Patchbay.parseAsRoot(["ticket", "search", "two", "words", "--mine", "--closed", "--tenant", "4"])
                as? SearchTickets)
        #expect(command.call.path == "/api/v1/tenants/4/connectwise/tickets/search")
        #expect(
            command.call.query.map { "\($0.name)=\($0.value)" } == [
                "limit=25", "q=two words", "open=false", "mine=true",
            ])
    }

    @Test func note() throws {
        let command = try #require(
            try Patchbay.parseAsRoot(["ticket", "note", "10042", "Done", "--type", "resolution", "--request-id", "r"])
                as? NoteCommand)
        let call = try command.call(in: surroundings)
        #expect(call.method == .post && call.path == "/api/v1/integrations/psa/tickets/10042/notes")
        #expect(
            call.body
                == .object([
                    "text": .string("Done"), "note_type": .string("resolution"), "request_id": .string("r"),
                ]))
    }

    @Test func changeSendsOnlyWhatWasSaid() throws {
        let command = try #require(
            try Patchbay.parseAsRoot([
                "ticket", "log-change", "7", "Done", "--minutes", "0", "--status", "3", "--expected", "1",
            ]) as? LogChangeCommand)
        let call = try command.call(in: surroundings)
        #expect(call.path == "/api/v1/integrations/psa/tickets/7/log-change")
        #expect(
            call.body
                == .object([
                    "text": .string("Done"), "minutes": .integer(0), "status_id": .string("3"),
                    "expected_status_id": .string("1"),
                ]))
    }

    @Test func timeAndStatus() throws {
        let time = try #require(
            try Patchbay.parseAsRoot(["ticket", "time", "7", "--minutes", "30", "--work-role", "2"]) as? TimeCommand)
        #expect(
            try time.call(in: surroundings).body == .object(["minutes": .integer(30), "work_role_id": .string("2")]))
        let status = try #require(try Patchbay.parseAsRoot(["ticket", "status", "7", "3"]) as? StatusCommand)
        let call = try status.call(in: surroundings)
        #expect(call.method == .patch && call.body == .object(["status_id": .string("3")]))
    }

    @Test func postsAndMembers() throws {
        let retry = try #require(
            try Patchbay.parseAsRoot(["post", "retry", "17", "--work-role", "2"]) as? RetryPost)
        #expect(retry.call.path == "/api/v1/integrations/psa/posts/17/retry")
        #expect(retry.call.body == .object(["work_role_id": .string("2")]))
        let list = try #require(
            try Patchbay.parseAsRoot(["post", "list", "--ticket", "7", "--state", "failed"]) as? ListPosts)
        #expect(
            try list.list.call(limit: 50, cursor: nil, in: surroundings).query.map(\.value) == ["7", "failed", "50"])
        let map = try #require(try Patchbay.parseAsRoot(["member", "map", "4", "108"]) as? MapMember)
        #expect(
            map.call.body
                == .object([
                    "mappings": .array([.object(["user_id": .integer(4), "member_id": .string("108")])])
                ]))
        let none = try #require(try Patchbay.parseAsRoot(["member", "map", "4", "--none"]) as? MapMember)
        #expect(none.call.body?["mappings"]?.elements?.first?.members?["member_id"] == .null)
        #expect(throws: (any Error).self) { try Patchbay.parseAsRoot(["member", "map", "4"]) }
    }
}
