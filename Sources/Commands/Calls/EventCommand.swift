import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay event`.
struct EventCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "event", "A detected change of a ticket, and who was notified.",
        examples: ["event list 10248", "event explain 10248 77 --recipient \"Dispatch\""],
        subcommands: [ListEvents.self, ExplainEvent.self], aliases: ["events"])
}
