import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

extension Lookup {
    /// A board's statuses, which come with the board.
    static func statuses(ofBoard board: String) -> Lookup {
        Lookup(
            name: "status of the board", names: "statuses of the board",
            list: Endpoint(API.Boards.show), places: [board],
            naming: .members(API.Boards.Status.CodingKeys.name), isNumber: false,
            items: Member(API.Boards.Answer.CodingKeys.statuses))
    }

    /// The statuses that a ticket can have.
    static func statuses(of ticket: String, from endpoint: Endpoint) -> Lookup {
        Lookup(
            name: "status of the ticket's board", names: "statuses of the ticket's board",
            list: endpoint, places: [ticket], naming: .members(API.Tickets.Status.CodingKeys.name), isNumber: false)
    }
}
