import Foundation
import NIOHTTP1
import SimulatedWorld
import SimulatorStage
import Testing

@testable import SimulatedWebex

@Suite struct WebexTests {
    @Test func messagesReachPeopleAndRooms() async throws {
        try await BotClient.during { call async throws in
            let room = try #require(call.simulator.rooms.first)
            let email = World.staff[2].email
            let toRoom = try await call(.POST, "/messages", ["roomId": .text(room.id), "markdown": "**one**"])
            #expect(toRoom.status == 200)
            let parent = try #require(toRoom.json["id"]?.string)
            let reply = try await call(
                .POST, "/messages", ["roomId": .text(room.id), "parentId": .text(parent), "text": "two"])
            #expect(reply.json["parentId"]?.string == parent)
            let direct = try await call(
                .POST, "/messages", ["toPersonEmail": .text(email.uppercased()), "markdown": "three"])
            #expect(direct.json["roomType"] == "direct")
            #expect(try await call.simulator.message(to: email, containing: "three").markdown == "three")
            #expect(try await call.simulator.messages(2) { $0.roomTitle == room.title }.count == 2)
            let person = try await call(.GET, "/people?email=\(email)").json["items"]?.elements?.first
            let id = try #require(person?["id"]?.string)
            _ = try await call(.POST, "/messages", ["toPersonId": .text(id), "text": "four"])
            let list = try await call(.GET, "/messages/direct?personEmail=\(email)")
            #expect(list.json["items"]?.elements?.compactMap { $0["text"]?.string } == ["four", "three"])
            #expect(try await call(.GET, "/messages/direct?personId=\(id)&max=1").json["items"]?.elements?.count == 1)
            #expect(try await call(.GET, "/messages?roomId=\(room.id)").status == 403)
            #expect(try await call(.GET, "/messages?roomId=\(room.id)&mentionedPeople=me").json["items"] == [])
        }
    }

    @Test func wrongMessagesAreRefused() async throws {
        try await BotClient.during { call async throws in
            let email = PlayedJSON.text(World.staff[0].email)
            let room = PlayedJSON.text(call.simulator.rooms[0].id)
            let cases: [(PlayedJSON, Int)] = [
                (["markdown": "x"], 400), (["toPersonEmail": email, "roomId": room, "text": "x"], 400),
                (["toPersonEmail": email], 400), (["toPersonEmail": "nobody@rivermark.example", "text": "x"], 404),
                (["roomId": "nonsense", "text": "x"], 400),
                (["roomId": .text(Switchboard.id("ROOM", 999)), "text": "x"], 404),
                (["toPersonEmail": email, "markdown": .text(String(repeating: "é", count: 3720))], 400),
                (["toPersonEmail": email, "markdown": .text(String(repeating: "é", count: 3719))], 200),
                (["roomId": room, "parentId": .text(Switchboard.id("MESSAGE", 99)), "text": "x"], 404),
            ]
            for (body, status) in cases {
                let reply = try await call(.POST, "/messages", body)
                #expect(reply.status == status)
                guard status != 200 else { continue }
                #expect(reply.json["trackingId"]?.string == reply.headers["trackingId"].first)
                #expect(reply.json["errors"]?.elements?.first?["description"] == reply.json["message"])
            }
            #expect(try await call(.GET, "/people/me", token: "wrong").status == 401)
            #expect(try await call(.GET, "/people").status == 400)
        }
    }

    @Test func roomsArePaged() async throws {
        try await BotClient.during({ $0.extraRooms = 230 }) { call async throws in
            var seen = 0
            var path: String? = "/rooms?max=100&type=group"
            while let next = path {
                let reply = try await call(.GET, next)
                seen += reply.json["items"]?.elements?.count ?? 0
                let link = reply.headers["Link"].first
                path = link.flatMap {
                    $0.range(of: "/v1").map { at in String(link?[at.upperBound...].prefix { $0 != ">" } ?? "") }
                }
            }
            #expect(seen == 238)
            #expect(try await call(.GET, "/rooms?max=5000").json["items"]?.elements?.count == 238)
            #expect(try await call(.GET, "/rooms/\(call.simulator.rooms[0].id)").json["title"] == .text(World.rooms[0]))
            call.simulator.remove(room: call.simulator.rooms[0].id)
            #expect(call.simulator.rooms.count == 237)
        }
    }

    @Test func peopleCanShareAnEmail() async throws {
        try await BotClient.during { call async throws in
            call.simulator.createPerson("Juliette Moreau (old)", email: World.staff[0].email)
            let found = try await call(.GET, "/people?email=\(World.staff[0].email)")
            #expect(found.json["items"]?.elements?.count == 2)
            #expect(try await call(.GET, "/people/me").json["type"] == "bot")
        }
    }

    @Test func editsAreLimited() async throws {
        try await BotClient.during { call async throws in
            let room = PlayedJSON.text(call.simulator.rooms[0].id)
            let id = try await call(.POST, "/messages", ["roomId": room, "text": "0"]).json["id"]?.string ?? ""
            for number in 1...10 {
                let reply = try await call(.PUT, "/messages/\(id)", ["roomId": room, "text": .text("\(number)")])
                #expect(reply.status == 200)
            }
            #expect(try await call(.PUT, "/messages/\(id)", ["roomId": room, "text": "11"]).status == 400)
            #expect(try await call(.GET, "/messages/\(id)").json["text"] == "10")
        }
    }

    @Test func oldMessagesAreForgotten() {
        var board = Switchboard(botName: "Bot", capacity: 100, at: .now)
        let room = board.add(room: "R", members: [], at: .now)
        for number in 1...1000 {
            _ = board.post(
                to: room.id, person: nil, parent: nil, text: "\(number)", markdown: nil, from: "b", at: .now)
        }
        #expect(board.messages.count == 100)
        #expect(board.sent == 1000)
        #expect(board.sentMessages(after: 950).map(\.number) == Array(951...1000))
        #expect((board.rooms[room.id]?.messages.count ?? 0) < 300)
    }
}
