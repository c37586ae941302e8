import Foundation
import SimulatorStage

/// How Webex words its records, and its part of the control API.
///
/// | call | does |
/// | --- | --- |
/// | `GET /_control` | besides the common part: messages, people, rooms |
/// | `GET /_control/messages?after=N&to=…&max=M` | accepted messages after number N, oldest first, with the time in seconds since 1970 |
/// | `DELETE /_control/messages` | forgets them |
/// | `POST /_control/rooms`, `DELETE /_control/rooms/{id}` | `{"title"}` → `{"id"}` |
/// | `POST /_control/people` | `{"name","email"}` → `{"id"}` |
extension PlayedWebex {
    func json(_ message: SentMessage) -> PlayedJSON {
        .record([
            "id": .text(message.id), "parentId": .optional(message.parentID), "roomId": .text(message.roomID),
            "roomType": message.toPersonEmail == nil ? "group" : "direct",
            "toPersonEmail": .optional(message.toPersonEmail),
            "text": .text(message.text ?? message.markdown ?? ""), "markdown": .optional(message.markdown),
            "personId": .text(botID),
            "personEmail": .text(message.fromEmail), "created": .text(stamp(message.accepted)),
            "updated": .optional(message.edited.map(stamp)),
        ])
    }

    func json(_ room: Switchboard.Room) -> PlayedJSON {
        [
            "id": .text(room.id), "title": .text(room.title), "type": room.isDirect ? "direct" : "group",
            "isLocked": false, "lastActivity": .text(stamp(room.lastActivity)),
            "creatorId": .text(Switchboard.id("PEOPLE", 1)),
            "created": .text(stamp(room.created)), "ownerId": .text(Switchboard.id("ORGANIZATION", 1)),
            "isPublic": false,
            "isReadOnly": false,
        ]
    }

    func json(_ person: Switchboard.Person) -> PlayedJSON {
        let names = person.name.split(separator: " ", maxSplits: 1).map(String.init)
        return .record([
            "id": .text(person.id), "emails": [.text(person.email)], "phoneNumbers": [],
            "displayName": .text(person.name), "nickName": .optional(names.first),
            "firstName": person.isBot ? .null : .optional(names.first),
            "lastName": person.isBot ? .null : .optional(names.dropFirst().first), "userName": .text(person.email),
            "orgId": .text(Switchboard.id("ORGANIZATION", 1)), "created": .text(stamp(person.created)),
            "status": person.isBot ? .null : "active", "type": person.isBot ? "bot" : "person",
        ])
    }

    func json(_ person: Switchboard.Person, in room: Switchboard.Room) -> PlayedJSON {
        [
            "id": .text(Data("ciscospark://us/MEMBERSHIP/\(person.email):\(room.title)".utf8).base64EncodedString()),
            "roomId": .text(room.id), "personId": .text(person.id), "personEmail": .text(person.email),
            "personDisplayName": .text(person.name), "isModerator": false, "isMonitor": false,
            "roomType": room.isDirect ? "direct" : "group", "created": .text(stamp(room.created)),
        ]
    }

    /// `yyyy-MM-ddTHH:mm:ss.SSSZ`.
    private func stamp(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded(.down))
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return "\(Instant(seconds: milliseconds / 1000).text.dropLast()).\(fraction)Z"
    }

    // MARK: Control

    func summary() -> PlayedJSON {
        simulator.board.read { board in
            [
                "messages": .integer(board.sent), "remembered": .integer(board.messages.count),
                "people": .integer(board.people.count), "rooms": .integer(board.rooms.count),
            ]
        }
    }

    func answer(control call: Call, path: [Substring]) throws(ControlError) -> PlayedJSON? {
        switch (call.method, path.first, path.count) {
        case ("GET", "messages", 1): return messages(control: call)
        case ("DELETE", "messages", 1): simulator.forgetMessages()
        case ("POST", "rooms", 1):
            guard let title = try call.controlBody()["title"]?.string else { throw ControlError("title is missing") }
            return ["id": .text(simulator.createRoom(title))]
        case ("DELETE", "rooms", 2): simulator.remove(room: String(path[1]))
        case ("POST", "people", 1):
            let body = try call.controlBody()
            guard let name = body["name"]?.string, let email = body["email"]?.string else {
                throw ControlError("name or email is missing")
            }
            return ["id": .text(simulator.createPerson(name, email: email))]
        default: return nil
        }
        return ["done": true]
    }

    private func messages(control call: Call) -> PlayedJSON {
        let after = call.query["after"].flatMap { Int($0) } ?? 0
        let to = call.query["to"]?.lowercased()
        let most = call.query["max"].flatMap { Int($0) } ?? 10_000
        let found = simulator.board.read { $0.sentMessages(after: after) }.lazy.filter { message in
            to == nil || message.toPersonEmail?.lowercased() == to || message.roomTitle.lowercased() == to
                || message.roomID.lowercased() == to
        }.prefix(most)
        return [
            "items": .list(
                found.map { message in
                    .record([
                        "number": .integer(message.number), "id": .text(message.id), "roomId": .text(message.roomID),
                        "room": .text(message.roomTitle), "toPersonEmail": .optional(message.toPersonEmail),
                        "parentId": .optional(message.parentID), "text": .optional(message.text),
                        "markdown": .optional(message.markdown),
                        "accepted": .number(message.accepted.timeIntervalSince1970),
                    ])
                })
        ]
    }
}
