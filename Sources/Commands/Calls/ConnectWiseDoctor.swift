import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay doctor connectwise`.
struct ConnectWiseDoctor: ClientCommand {
    private typealias Answer = API.PSA.Rights.Answer.CodingKeys

    /// What the report consists of.
    private enum Report: String, CodingKey {
        case verdict, missing, unknown, granted, surplus
    }

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
        let rights = answer.items
        func found(_ finding: API.PSA.Rights.Finding, needed: Bool) -> [JSON] {
            rights.filter { $0[Answer.finding] == .text(finding.rawValue) && $0[Answer.needed] == .flag(needed) }
        }
        let (missing, unknown) = (found(.missing, needed: true), found(.unknown, needed: true))
        let granted = found(.granted, needed: true)
        let report = JSON(members: [
            Report.verdict: .text(Self.verdict(granted.count, missing: missing.count, unknown: unknown.count)),
            .missing: .list(missing), .unknown: .list(unknown), .granted: .list(granted),
            .surplus: .list(found(.granted, needed: false)),
        ])
        return Outcome(
            content: .one(report, Self.layout), answer: answer,
            isGood: missing.isEmpty && (!granted.isEmpty || unknown.isEmpty))
    }

    private func onlyConnection(_ client: APIClient) async throws -> String {
        let all = try await client.thing(Endpoint(API.PSA.Connections.list)()).items
        let enabled = all.filter { $0[API.PSA.Connections.Answer.CodingKeys.enabled].isTrue }
        guard enabled.count == 1, let id = enabled.first?[API.PSA.Connections.Answer.CodingKeys.id] else {
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
        let columns = [Column(Answer.setting).key, Column(Answer.purpose, "needed to")]
        return Content.Layout(
            columns: [Column(Report.verdict)],
            sections: [
                Section(title: "Missing: grant these in the security role", member: Report.missing, columns: columns),
                Section(title: "Unknown", member: Report.unknown, columns: columns + [Column(Answer.detail)]),
                Section(title: "Granted", member: Report.granted, columns: columns),
                Section(
                    title: "Granted, but not needed: can be removed", member: Report.surplus,
                    columns: [Column(Answer.setting)]),
            ], quiet: Member(Report.verdict))
    }()
}
