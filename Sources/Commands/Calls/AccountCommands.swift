import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay user reset-password`.
struct ResetPassword: ClientCommand {
    static let configuration = CommandConfiguration(
        "reset-password", "Reset a user's password and end all of the user's sign-ins.",
        more: "The password is read from standard input; it must be changed at the next sign-in.",
        examples: ["user reset-password ada@example.com"])

    @OptionGroup var subject: Identified<Users>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard let password = surroundings.readSecret("New password: "), !password.isEmpty else {
            throw Failure.usage("No password came from standard input.")
        }
        let id = try await client.names.find(subject.identifier, in: Users.lookup).id
        _ = try await client.send(Endpoint(API.Users.resetPassword)([id], body: ["password": .text(password)]))
        return Outcome(content: .done("The password of user \(id) is reset.", id: id))
    }
}

/// `patchbay user reset-second-factor`.
struct ResetSecondFactor: ClientCommand {
    static let configuration = CommandConfiguration(
        "reset-second-factor", "Reset a user's second factor and end all of the user's sign-ins.",
        more: "Asks first, unless --yes is given.", examples: ["user reset-second-factor ada@example.com --yes"])

    @OptionGroup var subject: Identified<Users>
    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        let id = try await client.names.find(subject.identifier, in: Users.lookup).id
        try confirmation.ask("Reset the second factor of user \(subject.identifier)?", in: surroundings)
        _ = try await client.send(Endpoint(API.Users.resetSecondFactor)([id]))
        return Outcome(content: .done("The second factor of user \(id) is reset.", id: id))
    }
}

/// An organization, or yours.
struct OneOrYours: SubjectArguments {
    @Argument(
        help: ArgumentHelp("The id or the name of the organization; yours by default.", valueName: "organization"))
    var typed: String?
}

/// `patchbay organization show`.
struct ShowOrganization: ClientCommand {
    static let configuration = CommandConfiguration(
        "show", "Show your organization, or another one.",
        examples: ["organization show", "organization show \"Rivermark IT\""])

    @OptionGroup var subject: OneOrYours
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let found = try await subject.find(Organizations.self, client.names)
        let request = found.map { Endpoint(API.Organizations.show)([$0.id]) } ?? Endpoint(API.Organizations.showOwn)()
        return Outcome(content: .one(try await client.thing(request), Content.Layout(Organizations.resource)))
    }
}

/// `patchbay organization update`.
struct UpdateOrganization: ClientCommand {
    static let configuration = CommandConfiguration(
        "update", "Update your organization.", more: "Fields that are not given stay unchanged.",
        examples: ["organization update --require-second-factor"])

    @OptionGroup(title: "Fields") var fields: FieldOptions<Change<Organizations>>
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard !fields.given.isEmpty else { throw ValidationError("Nothing to update: give at least one field") }
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let members = try await fields.members(in: surroundings, client.names)
        let answer = try await client.thing(Endpoint(API.Organizations.updateOwn)(body: .object(members)))
        return Outcome(content: .one(answer, Content.Layout(Organizations.resource)))
    }
}

/// `patchbay organization delete`.
struct DeleteOrganization: ClientCommand {
    static let configuration = CommandConfiguration(
        "delete", "Delete your organization with everything in it.",
        more: "Asks for its name first, unless --yes is given. The audit log stays.",
        examples: ["organization delete"])

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        let found = try await client.thing(Endpoint(API.Organizations.showOwn)())
        let name = found[API.Organizations.Answer.CodingKeys.name].string ?? ""
        try confirmation.ask(
            "This deletes the organization '\(name)' with its users, connections, rules and deliveries.", typing: name,
            in: surroundings)
        _ = try await client.send(Endpoint(API.Organizations.deleteOwn)(body: ["name": .text(name)]))
        return Outcome(
            content: .done("Deleted organization '\(name)'.", id: found[API.Organizations.Answer.CodingKeys.id].plain))
    }
}

/// `patchbay audit export`.
struct ExportAudit: ClientCommand {
    static let configuration = CommandConfiguration(
        "export", "Export audit entries as CSV or as lines of JSON.",
        examples: ["audit export --since 7d --format jsonl"])

    enum Format: String, ExpressibleByArgument, CaseIterable { case csv, jsonl }

    @OptionGroup(title: "Filters") var filters: FieldOptions<Filters<AuditEntries>>
    @Option(help: "csv or jsonl.")
    var format = Format.csv
    @Option(
        help: ArgumentHelp(
            "The server's address; its API key comes from PATCHBAY_API_KEY. (default: $PATCHBAY_URL)",
            valueName: "address"))
    var server: String?

    // Its answer is no JSON and has no ids.
    var client: ClientOptions {
        var options = ClientOptions()
        options.format = .table
        options.server = server
        return options
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let query = try await filters.queries(in: surroundings, client.names).first ?? []
        let request = Endpoint(API.AuditEntries.export)(query: query + [.init(name: "format", value: format.rawValue)])
        return Outcome(content: .file(try await client.text(request)))
    }
}

/// `patchbay overview`: the last 24 hours.
struct OverviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "overview", "What happened in the last 24 hours.", examples: ["overview show"], subcommands: [Show.self])

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            "show", "Show the last 24 hours and what needs attention.", examples: ["overview show"])

        @OptionGroup var client: ClientOptions

        func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
            let answer = try await client.thing(Endpoint(API.Overview.counts)())
            let all = try await client.thing(Endpoint(API.Overview.show)())
            return Outcome(content: .one(answer, Content.Layout(quiet: nil)), answer: all)
        }
    }
}

/// Background jobs that failed.
enum Jobs: Noun {
    private typealias Failed = API.BackgroundJobs.Failed.CodingKeys

    static let resource = Resource(
        singular: "job", plural: "jobs", titles: "failed jobs", about: "A background job that failed.",
        list: Endpoint(API.BackgroundJobs.failed),
        columns: [
            .id, Column(Failed.kind).key, Column(Failed.createdAt, "created", .instant), Column(Failed.error).key,
            Column(Failed.payload).extra,
        ])

    static let more: [any ParsableCommand.Type] = [ShowJobs.self, RetryJob.self]
}

/// `patchbay job show`.
struct ShowJobs: ClientCommand {
    static let configuration = CommandConfiguration(
        "show", "Show how many background jobs there are in each state.", examples: ["job show"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        typealias Counts = API.BackgroundJobs.Counts.CodingKeys
        let columns = [Counts.ready, .waiting, .running, .failed].map { Column($0, .number) }
        return Outcome(
            content: .one(
                try await client.thing(Endpoint(API.BackgroundJobs.count)()),
                Content.Layout(columns: columns, quiet: nil)))
    }
}

/// `patchbay job retry`.
struct RetryJob: ClientCommand {
    static let configuration = CommandConfiguration(
        "retry", "Retry a failed job.", examples: ["job retry 7"])

    @OptionGroup var subject: Identified<Jobs>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        _ = try await client.send(Endpoint(API.BackgroundJobs.retry)([subject.identifier]))
        return Outcome(content: .done("Job \(subject.identifier) is queued again.", id: subject.identifier))
    }
}
