import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay sync`.
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "sync", "Start, show or cancel syncs with ConnectWise and Webex.",
        examples: ["sync --all", "sync --tickets --board \"Service Desk\" --watch", "sync status"],
        alsoUnderstood: Ticketbot.forms(of: "sync"),
        subcommands: [SyncStart.self, SyncStatus.self, SyncCancel.self], standard: SyncStart.self)
}
