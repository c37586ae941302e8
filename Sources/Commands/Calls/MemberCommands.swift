import API
import ArgumentParser
import BoundaryText

/// `patchbay member`.
struct MemberCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "Say which member of the ticketing system each user is.",
        subcommands: [ListMappings.self, MapMember.self, AutoMatchMembers.self])
}

private let mappings = "/api/v1/integrations/psa/member-mappings"

/// `patchbay member list`.
struct ListMappings: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List users and the members that they are.")

    @OptionGroup var list: ListOptions<MemberMappings>

    var client: ClientOptions { list.client }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await list.perform(with: client, in: surroundings)
    }
}

/// `patchbay member map`.
struct MapMember: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "map", abstract: "Say which member a user is, so that notes carry his name.")

    @Argument(help: "The user, by the id that `patchbay member list` shows.")
    var user: Int
    @Argument(help: "The member, by the id that `patchbay list psa-members` shows.")
    var member: String?
    @Flag(help: "Take the mapping away.")
    var none = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard none == (member == nil) else { throw ValidationError("Name a member, or say --none") }
    }

    var call: Call {
        let mapping: JSON = .object([
            "user_id": .integer(user), "member_id": member.map { .string($0) } ?? .null,
        ])
        return Call(method: .post, path: mappings, body: .object(["mappings": .array([mapping])]))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(call)
        return Outcome(
            content: .list(
                answer["items"]?.elements ?? [], columns: MemberMappings.resource.columns, next: .null),
            answer: answer)
    }
}

/// `patchbay member auto-match`.
struct AutoMatchMembers: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "auto-match",
        abstract: "Map users to the members with the same e-mail address; mappings that there are stay.")

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(Call(method: .post, path: mappings + "/auto-match", body: .object([:])))
        let sections = ["matched", "ambiguous", "unmatched"].map { name in
            Section(
                title: name.sentenceCased, member: name,
                columns: MemberMappings.resource.columns)
        }
        return Outcome(content: .one(answer, Content.Layout(columns: [], sections: sections, quiet: nil)))
    }
}

/// `patchbay doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Find out why something does not work.",
        subcommands: [ConnectWiseDoctor.self])
}

/// `patchbay doctor connectwise`.
struct ConnectWiseDoctor: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "connectwise",
        abstract: "Tell which rights the API member lacks, and which it has without need; changes nothing.",
        discussion: """
            Each right is tried with a call that cannot change anything and named as ConnectWise's screen of security \
            roles names it. Exit code 1 when a right that is needed is missing, or none could be tried.
            """)

    @Option(help: "The connection, by its id; needed only where there are several.")
    var connection: Int?

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let path = PSAConnections.resource.path
        var number = connection
        if number == nil {
            let all = try await client.thing(Call(method: .get, path: path))["items"]?.elements ?? []
            let active = all.filter { $0["active"] == .bool(true) }
            guard active.count == 1, case .integer(let only)? = active[0]["id"] else {
                throw Failure.usage(
                    active.isEmpty
                        ? "there is no active connection to ConnectWise"
                        : "there are several connections; say which with --connection")
            }
            number = only
        }
        let answer = try await client.thing(Call(method: .get, path: "\(path)/\(number ?? 0)/rights"))
        let rights = answer["items"]?.elements ?? []
        func found(_ finding: String, needed: Bool) -> [JSON] {
            rights.filter { $0["finding"] == .string(finding) && $0["needed"] == .bool(needed) }
        }
        let (missing, unknown) = (found("missing", needed: true), found("unknown", needed: true))
        let granted = found("granted", needed: true)
        let report: JSON = .object([
            "verdict": .string(Self.verdict(granted.count, missing: missing.count, unknown: unknown.count)),
            "missing": .array(missing), "unknown": .array(unknown), "granted": .array(granted),
            "surplus": .array(found("granted", needed: false)),
        ])
        return Outcome(
            content: .one(report, Self.layout), answer: answer,
            isGood: missing.isEmpty && (!granted.isEmpty || unknown.isEmpty))
    }

    static func verdict(_ granted: Int, missing: Int, unknown: Int) -> String {
        let all = granted + missing + unknown
        let untried = unknown == 0 ? "" : " \(unknown) could not be tried."
        if missing > 0 { return "The API member lacks \(missing) of the \(all) rights that Patchbay needs." + untried }
        if granted == 0, unknown > 0 { return "None of the \(all) rights that Patchbay needs could be tried." }
        if unknown == 0 { return "The API member has all \(all) rights that Patchbay needs." }
        return "The API member has \(granted) of the \(all) rights that Patchbay needs." + untried
    }

    private static let layout: Content.Layout = {
        let columns = [Column("setting"), Column("purpose", "needed to")]
        return Content.Layout(
            columns: [Column("verdict")],
            sections: [
                Section(title: "Missing: set these in the security role", member: "missing", columns: columns),
                Section(
                    title: "Could not be told", member: "unknown",
                    columns: columns + [Column("detail")]),
                Section(title: "There", member: "granted", columns: columns),
                Section(
                    title: "There, but not needed: can be taken away", member: "surplus", columns: [Column("setting")]),
            ], quiet: "verdict")
    }()
}
