import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Logging
import Server
import ServiceLifecycle
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import Synchronization
import WebSupport

/// The simulated surroundings of the demo, and what it shows on the terminal.
struct DemoStage: Sendable {
    /// Of everybody's e-mail address.
    static let domain = "rivermark.example"

    private let connectWise: ConnectWiseSimulator
    private let webex: WebexSimulator
    private let connectWiseOptions: ConnectWiseOptions
    private let webexOptions: WebexOptions
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        let connectWiseOptions = ConnectWiseOptions()
        var webexOptions = WebexOptions()
        webexOptions.onMessage = Self.show
        self.connectWiseOptions = connectWiseOptions
        self.webexOptions = webexOptions
        connectWise = ConnectWiseSimulator(options: connectWiseOptions)
        webex = WebexSimulator(options: webexOptions)
    }

    /// Runs both simulators until cancelled.
    func run() async throws {
        let group = ServiceGroup(
            configuration: .init(services: [connectWise, webex], gracefulShutdownSignals: [], logger: logger))
        try await group.run()
    }

    /// A server's configuration on an embedded database, with both simulators connected.
    func configuration(folder: String, port: Int) async throws -> Configuration {
        let psa = try host(of: await connectWise.url(within: .seconds(30)))
        let chat = try await webex.url()
        let limits = ProcessInfo.processInfo.environment.filter {
            $0.key.utf8.hasPrefix("PATCHBAY_LIMIT_") || $0.key == "PATCHBAY_CONNECTWISE_BUDGET"
        }
        return try Configuration(
            environment: [
                "PATCHBAY_DATABASE_URL": "sqlite:\(folder)/patchbay.db",
                "PATCHBAY_LISTEN": "127.0.0.1:\(port)",
                "PATCHBAY_ADMIN_EMAIL": "you@\(Self.domain)",
                "PATCHBAY_ALLOWED_HOSTS": "\(psa),chat=\(try host(of: chat))",
                "PATCHBAY_CONNECTWISE_SITE": psa,
                "PATCHBAY_CONNECTWISE_COMPANY": connectWiseOptions.company,
                "PATCHBAY_CONNECTWISE_PUBLIC_KEY": connectWiseOptions.publicKey,
                "PATCHBAY_CONNECTWISE_PRIVATE_KEY": connectWiseOptions.privateKey,
                "PATCHBAY_CONNECTWISE_CLIENT_ID": UUID().uuidString.lowercased(),
                "PATCHBAY_WEBEX_URL": chat,
                "PATCHBAY_WEBEX_TOKEN": webexOptions.token,
            ].merging(limits) { $1 })
    }

    private func host(of url: String) throws -> String {
        guard let parts = URLComponents(string: url), let host = parts.host, let port = parts.port else {
            throw CleanExit("a simulator listens on an address that cannot be understood: \(url)")
        }
        return "\(host):\(port)"
    }

    // MARK: Connecting

    /// Does by the API what an administrator would: a rule for each board. The callback is registered by the server itself.
    func connect(port: Int, key: String) async throws {
        try await APIClient.connected(to: try ServerAddress("http://127.0.0.1:\(port)"), key: key) { api in
            try await answering(api)
            let boards = try await all(API.Boards.list(limit: 200), api) { $0.count >= World.boards.count }
            let rooms = try await all(API.Recipients.list([.kind: "room"], limit: 200), api) {
                $0.count >= World.rooms.count
            }
            typealias Board = API.Boards.Answer.CodingKeys
            typealias Room = API.Recipients.Answer.CodingKeys
            for board in boards {
                guard let name = board[Board.name].string, let place = World.boards.firstIndex(of: name),
                    let room = rooms.first(where: { $0[Room.name].string == World.rooms[place] }),
                    !board[Board.id].isNull
                else { continue }
                _ = try await api.send(
                    APIRequest(API.Rules.create([.board: board[Board.id], .recipient: room[Room.id]])))
            }
            try await furnish(api)
            // From here on the simulated ConnectWise sends callbacks for all changes.
            try await connectWise.callbackRegistered(within: .seconds(20))
        }
    }

    /// Some customers, and the engineer as a member of ConnectWise, so that what he writes carries a name there.
    private func furnish(_ api: APIClient) async throws {
        let companies = try await all(API.Companies.list(for: nil, limit: 200), api) { $0.count > 3 }
        for company in companies.prefix(4) {
            let (name, id) = (company[Reference.CodingKeys.name], company[Reference.CodingKeys.id])
            _ = try? await api.send(
                APIRequest(API.Tenants.create([.name: name, .psaCompany: id, .psaCompanyName: name])))
        }
        typealias Person = API.MemberMappings.Answer.CodingKeys
        typealias Mapping = API.MemberMappings.Change.Mapping.CodingKeys
        let people = try await all(API.MemberMappings.list(for: nil, limit: 200), api) { !$0.isEmpty }
        let members = try await all(API.PSA.Members.list(for: nil, [.search: "kbrandt"], limit: 200), api) {
            !$0.isEmpty
        }
        guard
            let engineer = people.first(where: {
                $0[Person.userEmail].string?.utf8.hasPrefix("engineer@") == true
            })?[Person.user],
            let member = members.first?[API.Members.Answer.CodingKeys.id]
        else { return }
        let mapping = JSON(members: [Mapping.user: engineer, .member: member])
        // A mapping from an earlier demonstration stays.
        _ = try? await api.send(APIRequest(API.MemberMappings.save(for: nil, [.mappings: [mapping]])))
    }

    private func answering(_ api: APIClient) async throws {
        for _ in 0..<2_400 {
            if (try? await api.send(APIRequest(method: .get, path: "/healthcheck"))) != nil { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw CleanExit("The server does not answer. If the port is in use, choose another one with --port.")
    }

    /// A list, read again until it is there: the server fetches boards and rooms in the background.
    private func all<Answer>(
        _ call: API.Call<Answer>, _ api: APIClient, until complete: ([JSON]) -> Bool
    ) async throws -> [JSON] {
        for _ in 0..<2_400 {
            let items = try await api.send(APIRequest(call)).body?.items ?? []
            if complete(items) { return items }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw CleanExit("\(call.path) stays empty; run again with --log to see why")
    }

    // MARK: On the terminal

    func introduce(port: Int, key: String, _ people: DemoUsers) {
        let accounts = people.people.map { person in
            let role = person.role.rawValue.replacing(bytes: "_", with: " ")
            return
                "                    \(person.email)\(String(repeating: " ", count: max(1, 30 - person.email.utf8.count)))\(role)"
        }
        Self.line(
            """

            Patchbay runs on http://127.0.0.1:\(port)

              sign in as
            \(accounts.joined(separator: "\n"))
              password        \(people.password)
              API key         \(key)
              try             export PATCHBAY_URL=http://127.0.0.1:\(port) PATCHBAY_API_KEY=\(key)
                              \(CommandLine.arguments.first ?? "patchbay") delivery list

            Things now happen at Rivermark IT (⚙). Each message that reaches Webex is shown (✉). Stop with ^C.

            """)
    }

    /// Lets things happen until cancelled.
    func play(pace: Duration) async throws {
        // An event with a notification comes first, so that the first message appears soon.
        let shift = Shift(at: connectWise, pace: pace) { Self.show($0) }
        Self.show(try shift.step(.newTicket))
        try await shift.run()
    }

    /// Unbuffered, so that lines come as things happen also through a pipe.
    private static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data("\(text)\n".utf8))
    }

    private static func show(_ happening: Shift.Happening) {
        line("⚙ \(happening.description)")
    }

    private static func show(_ message: SentMessage) {
        let place = message.toPersonEmail.map { "\(message.roomTitle) <\($0)>" } ?? message.roomTitle
        let lines = (message.markdown ?? message.text ?? "").lines.filter { !$0.isEmpty }
        line((["✉ \(place)"] + lines.map { "    \(plain(String($0)))" }).joined(separator: "\n"))
    }

    /// Markdown as a chat program would show it: links by their text, no marks, no escapes.
    private static func plain(_ markdown: String) -> String {
        markdown.replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.output.1 }
            .replacing(bytes: "**", with: "")
            .replacing(/\\([\\`*_\[\]#~|!])/) { $0.output.1 }
            .replacing(bytes: "&lt;", with: "<").replacing(bytes: "&gt;", with: ">").replacing(
                bytes: "&amp;", with: "&"
            )
            .trimmingCharacters(in: .whitespaces)
    }
}
