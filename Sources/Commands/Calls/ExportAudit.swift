import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

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
