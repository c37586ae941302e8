import Foundation
import HTTPTypes
import SimulatorStage
import Synchronization

/// A call that Webex refuses, in its words.
struct WebexRefusal: Error {
    let status: Int
    let message: String

    static let unauthorized = WebexRefusal(
        status: 401, message: "The request requires a valid access token set in the Authorization request header.")
    static let notFound = WebexRefusal(status: 404, message: "The requested resource could not be found.")
    static func bad(_ message: String) -> WebexRefusal { WebexRefusal(status: 400, message: message) }
    static func forbidden(_ message: String) -> WebexRefusal { WebexRefusal(status: 403, message: message) }
}

/// The routes of Webex below `/v1`.
struct PlayedWebex: Played {
    /// Text and markdown, each, in UTF-8 bytes.
    static let longestText = 7439
    static let mostEdits = 10

    let simulator: WebexSimulator
    let botID: String
    private let authorization: String
    private let trackings = Trackings()

    init(simulator: WebexSimulator) {
        self.simulator = simulator
        botID = simulator.board.read { $0.bot.id }
        authorization = "Bearer \(simulator.options.token)"
    }

    private var now: Date { simulator.options.now() }

    func route(of call: Call) -> String {
        var route = call.method
        var separator = " "
        for segment in call.segments.dropFirst(call.segments.first == "v1" ? 1 : 0) {
            route += separator
            // Webex ids are long; no word of a path is.
            route += segment.utf8.count > 30 ? "{id}" : segment
            separator = "/"
        }
        return route
    }

    func tooManyCalls(retryAfter seconds: Int) -> Answer {
        var answer = refusal(status: 429)
        answer.headers[.retryAfter] = String(seconds)
        return answer
    }

    func refusal(status: Int) -> Answer {
        let messages = [
            401: WebexRefusal.unauthorized.message,
            403: "The server understood the request, but refused to fulfill it.",
            404: WebexRefusal.notFound.message,
            429: "Too many requests have been sent in a given amount of time and the request has been rate limited.",
            502: "The server received an invalid response from an upstream server.",
            503: "Server is overloaded with requests. Try again later.",
        ]
        return body(
            of: WebexRefusal(status: status, message: messages[status] ?? "Something went wrong on the server."))
    }

    private func body(of refusal: WebexRefusal) -> Answer {
        let tracking = trackings.next()
        return Answer(
            refusal.status,
            [
                "message": .text(refusal.message), "errors": [["description": .text(refusal.message)]],
                "trackingId": .text(tracking),
            ], headers: [.trackingID: tracking])
    }

    func answer(_ call: Call) -> Answer {
        do throws(WebexRefusal) {
            var answer = try routed(call)
            answer.headers[.trackingID] = trackings.next()
            return answer
        } catch {
            return body(of: error)
        }
    }

    private func routed(_ call: Call) throws(WebexRefusal) -> Answer {
        let path = call.segments
        guard path.count >= 2, path[0] == "v1" else { throw .notFound }
        guard call.headers[.authorization] == authorization else { throw .unauthorized }
        switch (call.method, path[1], path.count) {
        case ("POST", "messages", 2): return try post(call)
        case ("GET", "messages", 2): return try messages(call)
        case ("GET", "messages", 3) where path[2] == "direct": return try directMessages(call)
        case ("GET", "messages", 3): return Answer(200, json(try message(path[2])))
        case ("PUT", "messages", 3): return try edit(path[2], call)
        case ("DELETE", "messages", 3):
            let number = try message(path[2]).number
            simulator.board.change { $0.delete(number) }
            return Answer(204)
        case ("GET", "rooms", 2): return rooms(call)
        case ("GET", "rooms", 3): return Answer(200, json(try room(String(path[2]))))
        case ("GET", "people", 2): return try people(call)
        case ("GET", "people", 3): return try person(path[2])
        case ("GET", "memberships", 2): return try memberships(call)
        default: throw .notFound
        }
    }

    // MARK: Messages

    private func body(_ call: Call) throws(WebexRefusal) -> PlayedJSON {
        do throws(JSONReader.Malformed) {
            return try call.json()
        } catch {
            throw .bad("POST failed: HTTP/1.1 400 Bad Request (malformed JSON)")
        }
    }

    private func content(_ body: PlayedJSON) throws(WebexRefusal) -> (text: String?, markdown: String?) {
        let text = body["text"]?.string
        let markdown = body["markdown"]?.string
        guard text?.isEmpty == false || markdown?.isEmpty == false else { throw .bad("Message text cannot be empty.") }
        for content in [text, markdown] where (content?.utf8.count ?? 0) > Self.longestText {
            throw .bad(
                "Unable to post message to room: Message length limited to \(Self.longestText) characters before "
                    + "encryption and 10000 characters after encryption.")
        }
        return (text, markdown)
    }

    private func post(_ call: Call) throws(WebexRefusal) -> Answer {
        let body = try body(call)
        let roomID = body["roomId"]?.string
        let personID = body["toPersonId"]?.string
        let email = body["toPersonEmail"]?.string
        guard [roomID, personID, email].count(where: { $0 != nil }) == 1 else {
            throw .bad("Exactly one of roomId, toPersonId and toPersonEmail is required.")
        }
        let (text, markdown) = try content(body)
        let parent = body["parentId"]?.string
        let at = now
        let message = try simulator.board.change { board throws(WebexRefusal) in
            let room: String
            var person: Switchboard.Person?
            if let roomID {
                guard Switchboard.looksLikeID(roomID) else { throw .bad("Invalid roomId.") }
                guard let found = board.rooms[roomID], found.botIsMember else {
                    throw .init(status: 404, message: "Could not find a room with provided ID.")
                }
                room = roomID
                if found.isDirect { person = found.memberEmails.lazy.flatMap(board.people(email:)).first { !$0.isBot } }
            } else {
                person = email.map { board.people(email: $0).first } ?? personID.map { board.people[$0] } ?? nil
                guard let person else {
                    throw .init(status: 404, message: "Failed to get person: no person with that email or ID.")
                }
                room = board.openDirectRoom(with: person, at: at)
            }
            if let parent {
                guard let number = Switchboard.number(parent, "MESSAGE") else { throw .bad("Invalid parentId.") }
                guard let first = board.messages[number], first.roomID == room else {
                    throw .init(status: 404, message: "Unable to find the parent message in this room.")
                }
            }
            let bot = board.bot.email
            return board.post(
                to: room, person: person, parent: parent, text: text, markdown: markdown, from: bot, at: at)
        }
        simulator.options.onMessage?(message)
        return Answer(200, json(message))
    }

    private func message(_ id: Substring) throws(WebexRefusal) -> SentMessage {
        guard let number = Switchboard.number(String(id), "MESSAGE"),
            let message = simulator.board.read({ $0.messages[number] })
        else { throw .notFound }
        return message
    }

    private func edit(_ id: Substring, _ call: Call) throws(WebexRefusal) -> Answer {
        let old = try message(id)
        let body = try body(call)
        guard body["roomId"]?.string == old.roomID else { throw .bad("roomId is missing or not that of the message.") }
        let (text, markdown) = try content(body)
        guard old.edits < Self.mostEdits else { throw .bad("The message was edited \(Self.mostEdits) times already.") }
        let at = now
        guard let new = simulator.board.change({ $0.edit(old.number, text: text, markdown: markdown, at: at) }) else {
            throw .notFound
        }
        return Answer(200, json(new))
    }

    private func messages(_ call: Call) throws(WebexRefusal) -> Answer {
        guard let id = call.query["roomId"] else { throw .bad("roomId is required.") }
        let room = try room(id)
        let limit = limit(call, unlessGiven: 50)
        guard !room.isDirect else { return list(call, room, limit) }
        guard call.query["mentionedPeople"] == "me" else {
            throw .forbidden("Bots can read messages of a group room only with mentionedPeople=me.")
        }
        // Nobody here mentions the bot: it hears nothing of group rooms, not even itself.
        return Answer(200, ["items": []])
    }

    private func directMessages(_ call: Call) throws(WebexRefusal) -> Answer {
        let email = call.query["personEmail"]
        let id = call.query["personId"]
        guard (email == nil) != (id == nil) else { throw .bad("One of personId and personEmail is required.") }
        let room = try simulator.board.read { board throws(WebexRefusal) -> Switchboard.Room in
            let person = email.map { board.people(email: $0).first } ?? id.map { board.people[$0] } ?? nil
            guard let person, let room = board.directRoom(of: person).flatMap({ board.rooms[$0] }) else {
                throw .notFound
            }
            return room
        }
        return list(call, room, limit(call, unlessGiven: 50))
    }

    private func list(_ call: Call, _ room: Switchboard.Room, _ limit: Int) -> Answer {
        let before = call.query["beforeMessage"].flatMap { Switchboard.number($0, "MESSAGE") } ?? .max
        let parent = call.query["parentId"]
        let found = simulator.board.read { board in
            board.messages(in: board.rooms[room.id] ?? room, atMost: parent == nil ? limit + 1 : .max, before: before)
        }.filter { parent == nil || $0.parentID == parent }
        var answer = Answer(200, ["items": .list(found.prefix(limit).map(json))])
        if found.count > limit, let last = found.prefix(limit).last {
            answer.headers[.link] = next(
                call, ["max=\(limit)", "beforeMessage=\(last.id)"], without: ["max", "beforemessage"])
        }
        return answer
    }

    // MARK: Rooms, people, memberships

    private func limit(_ call: Call, unlessGiven standard: Int) -> Int {
        min(1000, max(1, call.query["max"].flatMap { Int($0) } ?? standard))
    }

    private func next(_ call: Call, _ more: [String], without: Set<String>) -> String {
        let scheme = simulator.options.listening.tls ? "https" : "http"
        let query = (call.query.parts(without: without).map(String.init) + more).joined(separator: "&")
        return "<\(scheme)://\(call.authority)\(call.path)?\(query)>; rel=\"next\""
    }

    private func rooms(_ call: Call) -> Answer {
        let limit = limit(call, unlessGiven: 100)
        let type = call.query["type"]
        let start = call.query["cursor"].flatMap { Data(base64Encoded: $0) }.flatMap {
            Int(String(decoding: $0, as: UTF8.self))
        }
        let rooms = simulator.board.read { board in
            board.roomOrder.compactMap { board.rooms[$0] }
        }.filter { $0.botIsMember && (type == nil || type == ($0.isDirect ? "direct" : "group")) }
        let from = min(rooms.count, start ?? 0)
        let page = rooms[from..<min(rooms.count, from + limit)]
        var answer = Answer(200, ["items": .list(page.map(json))])
        if page.endIndex < rooms.count {
            let cursor = Data(String(page.endIndex).utf8).base64EncodedString().replacing("=", with: "%3D")
            answer.headers[.link] = next(call, ["max=\(limit)", "cursor=\(cursor)"], without: ["max", "cursor"])
        }
        return answer
    }

    private func room(_ id: String) throws(WebexRefusal) -> Switchboard.Room {
        guard Switchboard.looksLikeID(id) else { throw .bad("Invalid roomId.") }
        guard let room = simulator.board.read({ $0.rooms[id] }), room.botIsMember else { throw .notFound }
        return room
    }

    private func people(_ call: Call) throws(WebexRefusal) -> Answer {
        let email = call.query["email"]
        let name = call.query["displayName"]?.lowercased()
        let ids = call.query["id"]?.split(separator: ",").map(String.init)
        guard email != nil || name != nil || ids != nil else {
            throw .bad("Email, displayName, or id list should be specified.")
        }
        let found = simulator.board.read { board -> [Switchboard.Person] in
            if let email { return board.people(email: email) }
            if let ids { return ids.compactMap { board.people[$0] } }
            return board.people.values.filter { $0.name.lowercased().hasPrefix(name ?? "") }.sorted { $0.id < $1.id }
        }
        return Answer(
            200, ["notFoundIds": .null, "items": .list(found.prefix(limit(call, unlessGiven: 100)).map(json))])
    }

    private func person(_ id: Substring) throws(WebexRefusal) -> Answer {
        let person = simulator.board.read { id == "me" ? $0.bot : $0.people[String(id)] }
        guard let person else { throw .notFound }
        return Answer(200, json(person))
    }

    private func memberships(_ call: Call) throws(WebexRefusal) -> Answer {
        let email = call.query["personEmail"]?.lowercased()
        let personID = call.query["personId"]
        guard let id = call.query["roomId"] else {
            guard email == nil, personID == nil else { throw .bad("roomId is required with personId or personEmail.") }
            let rooms = simulator.board.read { board in board.roomOrder.compactMap { board.rooms[$0] } }
            let bot = simulator.board.read { $0.bot }
            return Answer(200, ["items": .list(rooms.filter(\.botIsMember).map { json(bot, in: $0) })])
        }
        let room = try room(id)
        let members = simulator.board.read { board in
            room.memberEmails.sorted().flatMap { board.people(email: $0) } + (room.isDirect ? [] : [board.bot])
        }.filter { (email == nil || $0.email.lowercased() == email) && (personID == nil || $0.id == personID) }
        return Answer(200, ["items": .list(members.map { json($0, in: room) })])
    }
}

/// Tracking ids: unlike each other, cheap to make.
private final class Trackings: Sendable {
    private let count = Mutex(0)

    func next() -> String {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let digits = String(number, radix: 16, uppercase: true)
        let padded = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        return "ROUTER_5B1D0000-0000-01BB-259A-\(padded)"
    }
}

extension HTTPField.Name {
    static let trackingID = HTTPField.Name("trackingId") ?? .accept
}
