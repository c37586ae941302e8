import Foundation

/// Everything that the played Webex knows: people, rooms, and the last messages.
struct Switchboard: Sendable {
    struct Person: Sendable {
        let id: String
        var email: String
        var name: String
        var isBot = false
        let created: Date
    }

    struct Room: Sendable {
        let id: String
        var title: String
        var isDirect: Bool
        var memberEmails: Set<String>
        var botIsMember = true
        let created: Date
        var lastActivity: Date
        /// Numbers of its messages, oldest first.
        var messages: [Int] = []
    }

    private(set) var people: [String: Person] = [:]
    private var peopleByEmail: [String: [String]] = [:]
    private(set) var rooms: [String: Room] = [:]
    private(set) var roomOrder: [String] = []
    /// The direct room of a person, by person id.
    private var directRooms: [String: String] = [:]
    private(set) var messages: [Int: SentMessage] = [:]
    private(set) var sent = 0
    private var oldest = 1
    let capacity: Int
    var bot: Person

    init(botName: String, capacity: Int, at: Date) {
        self.capacity = max(1, capacity)
        bot = Person(
            id: Self.id("PEOPLE", 0), email: "\(botName.lowercased())@webex.bot", name: botName, isBot: true,
            created: at)
        people[bot.id] = bot
        peopleByEmail[bot.email] = [bot.id]
    }

    /// Ids look like Webex's: base64 of `ciscospark://us/KIND/uuid`, the uuid holding the number.
    static func id(_ kind: String, _ number: Int) -> String {
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        var id = Data("ciscospark://us/\(kind)/5b1d0000-0000-4000-8000-\(padded)".utf8).base64EncodedString()
        while id.hasSuffix("=") { id.removeLast() }
        return id
    }

    /// The number in an id of that kind.
    static func number(_ id: String, _ kind: String) -> Int? {
        let padded = id + String(repeating: "=", count: (4 - id.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard text.hasPrefix("ciscospark://us/\(kind)/5b1d0000-"), let dash = text.lastIndex(of: "-") else {
            return nil
        }
        return Int(text[text.index(after: dash)...], radix: 16)
    }

    static func looksLikeID(_ id: String) -> Bool {
        let padded = id + String(repeating: "=", count: (4 - id.utf8.count % 4) % 4)
        return Data(base64Encoded: padded).map { $0.starts(with: Data("ciscospark://".utf8)) } ?? false
    }

    mutating func add(person name: String, email: String, at: Date) -> Person {
        let person = Person(id: Self.id("PEOPLE", people.count), email: email, name: name, created: at)
        people[person.id] = person
        peopleByEmail[email.lowercased(), default: []].append(person.id)
        return person
    }

    mutating func add(room title: String, members: [String], direct: Bool = false, at: Date) -> Room {
        let room = Room(
            id: Self.id("ROOM", rooms.count + 1), title: title, isDirect: direct, memberEmails: Set(members),
            created: at,
            lastActivity: at)
        rooms[room.id] = room
        roomOrder.append(room.id)
        return room
    }

    mutating func setBot(isMember: Bool, of room: String) { rooms[room]?.botIsMember = isMember }
    mutating func remove(room id: String) {
        rooms[id] = nil
        roomOrder.removeAll { $0 == id }
    }

    func people(email: String) -> [Person] { (peopleByEmail[email.lowercased()] ?? []).compactMap { people[$0] } }

    func room(titled title: String) -> Room? {
        roomOrder.lazy.compactMap { rooms[$0] }.first { $0.title == title }
    }

    func directRoom(of person: Person) -> String? { directRooms[person.id] }

    mutating func openDirectRoom(with person: Person, at: Date) -> String {
        if let room = directRooms[person.id] { return room }
        let room = add(room: person.name, members: [person.email, bot.email], direct: true, at: at)
        directRooms[person.id] = room.id
        return room.id
    }

    mutating func post(
        to roomID: String, person: Person?, parent: String?, text: String?, markdown: String?, from email: String,
        at: Date
    ) -> SentMessage {
        sent += 1
        let message = SentMessage(
            id: Self.id("MESSAGE", sent), number: sent, roomID: roomID, roomTitle: rooms[roomID]?.title ?? "",
            toPersonEmail: person?.email, parentID: parent, text: text, markdown: markdown, fromEmail: email,
            accepted: at)
        messages[sent] = message
        rooms[roomID]?.messages.append(sent)
        rooms[roomID]?.lastActivity = at
        while sent - oldest >= capacity { forget(oldest) }
        return message
    }

    private mutating func forget(_ number: Int) {
        oldest = max(oldest, number + 1)
        guard let message = messages.removeValue(forKey: number), let room = rooms[message.roomID] else { return }
        // Forgotten numbers are cut off in bulk, so that one message never costs a long move.
        if room.messages.count > 64, room.messages[room.messages.count / 2] < oldest {
            rooms[message.roomID]?.messages.removeAll { $0 < oldest }
        }
    }

    mutating func edit(_ number: Int, text: String?, markdown: String?, at: Date) -> SentMessage? {
        guard var message = messages[number] else { return nil }
        message.text = text
        message.markdown = markdown
        message.edited = at
        message.edits += 1
        messages[number] = message
        return message
    }

    mutating func delete(_ number: Int) {
        guard let message = messages.removeValue(forKey: number) else { return }
        rooms[message.roomID]?.messages.removeAll { $0 == number }
    }

    mutating func forgetMessages() {
        for id in roomOrder { rooms[id]?.messages = [] }
        messages = [:]
        oldest = sent + 1
    }

    /// All remembered messages, oldest first.
    func sentMessages(after number: Int = 0) -> [SentMessage] {
        guard sent >= max(oldest, number + 1) else { return [] }
        return (max(oldest, number + 1)...sent).compactMap { messages[$0] }
    }

    /// A room's messages, newest first.
    func messages(in room: Room, atMost limit: Int, before: Int = .max) -> [SentMessage] {
        var found: [SentMessage] = []
        for number in room.messages.reversed() where number < before {
            guard let message = messages[number] else { continue }
            found.append(message)
            if found.count == limit { break }
        }
        return found
    }
}
