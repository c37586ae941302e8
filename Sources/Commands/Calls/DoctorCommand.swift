import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "doctor", "Find out why something does not work.", examples: ["doctor connectwise"],
        subcommands: [ConnectWiseDoctor.self])
}

/// `patchbay doctor connectwise`.
struct ConnectWiseDoctor: ClientCommand {
    static let configuration = CommandConfiguration(
        "connectwise", "Check which rights the API member is missing, and which it does not need; changes nothing.",
        more: """
            Each right is tried with a call that cannot change anything and named as ConnectWise's screen of security \
            roles names it. Exit code 1 when a right that is needed is missing, or none could be tried.
            """, examples: ["doctor connectwise", "doctor connectwise --connection Main"])

    @Option(help: "The connection, by its id or name; needed only where there are several.")
    var connection: String?

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let id: String
        if let connection {
            id = try await client.names.find(connection, in: PSAConnections.lookup).id
        } else {
            id = try await onlyConnection(client)
        }
        let answer = try await client.thing(Endpoint(API.PSA.Rights.list)([id]))
        let rights = answer["items"].elements
        func found(_ finding: String, needed: Bool) -> [JSON] {
            rights.filter { $0["finding"] == .text(finding) && $0["needed"] == .flag(needed) }
        }
        let (missing, unknown) = (found("missing", needed: true), found("unknown", needed: true))
        let granted = found("granted", needed: true)
        let report: JSON = .object([
            "verdict": .text(Self.verdict(granted.count, missing: missing.count, unknown: unknown.count)),
            "missing": .list(missing), "unknown": .list(unknown), "granted": .list(granted),
            "surplus": .list(found("granted", needed: false)),
        ])
        return Outcome(
            content: .one(report, Self.layout), answer: answer,
            isGood: missing.isEmpty && (!granted.isEmpty || unknown.isEmpty))
    }

    private func onlyConnection(_ client: APIClient) async throws -> String {
        let all = try await client.thing(Endpoint(API.PSA.Connections.list)())["items"].elements
        let enabled = all.filter { $0["active"].isTrue || $0["enabled"].isTrue }
        guard enabled.count == 1, let id = enabled.first?["id"] else {
            throw Failure.usage(
                enabled.isEmpty
                    ? "There is no enabled PSA connection. List them with: patchbay psa-connection list"
                    : "There are several PSA connections. Name the one you mean with --connection.")
        }
        return id.plain
    }

    static func verdict(_ granted: Int, missing: Int, unknown: Int) -> String {
        let all = granted + missing + unknown
        let untried = unknown == 0 ? "" : " \(unknown) could not be tried."
        if missing > 0 {
            return "The API member is missing \(missing) of the \(all) rights that Patchbay needs." + untried
        }
        if granted == 0, unknown > 0 { return "None of the \(all) rights that Patchbay needs could be tried." }
        if unknown == 0 { return "The API member has all \(all) rights that Patchbay needs." }
        return "The API member has \(granted) of the \(all) rights that Patchbay needs." + untried
    }

    private static let layout: Content.Layout = {
        let columns = [Column("setting").key, Column("purpose", "needed to")]
        return Content.Layout(
            columns: [Column("verdict")],
            sections: [
                Section(title: "Missing: grant these in the security role", member: "missing", columns: columns),
                Section(title: "Unknown", member: "unknown", columns: columns + [Column("detail")]),
                Section(title: "Granted", member: "granted", columns: columns),
                Section(
                    title: "Granted, but not needed: can be removed", member: "surplus", columns: [Column("setting")]),
            ], quiet: "verdict")
    }()
}
