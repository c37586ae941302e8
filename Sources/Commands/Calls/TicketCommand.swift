import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket`.
struct TicketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "ticket", "Find and show tickets, and write notes, time and status to them.",
        examples: ["ticket search printer --mine", "ticket show 10042", "ticket status 10042 \"In Progress\""],
        subcommands: [
            ListTickets.self, SearchTickets.self, ShowTicket.self, ListStatuses.self, ListNotes.self,
            ListConfigurations.self, NoteCommand.self, TimeCommand.self, StatusCommand.self, LogChangeCommand.self,
            PreviewCommand.self,
        ], aliases: ["tickets"])
}
