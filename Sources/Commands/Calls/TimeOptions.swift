import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Time, as the commands that log it take it.
struct TimeOptions: ParsableArguments {
    // Bodies that log time share these members.
    private typealias Time = API.Tickets.NewTime.CodingKeys

    @Option(help: "How many minutes; the connection's default if not given.")
    var minutes: Int?
    @Option(
        help: ArgumentHelp(
            "When it started, such as \(Instant.Direction.back.examples); by default, it ends now."))
    var startedAt: String?
    @Option(help: "The work role, by its id or name.")
    var workRole: String?
    @Option(help: "The work type, by its id or name.")
    var workType: String?
    @Option(help: "Whether it is charged: billable, do_not_bill, no_charge or no_default.")
    var billable: String?

    func members(
        in surroundings: Surroundings, _ place: TenantOption, _ names: NameBook
    ) async throws -> [Member: JSON?] {
        func id<Place, Query, Body, Answer>(
            _ text: String?, _ resource: Resource, _ list: PSAOperation<Place, Query, Body, Answer>
        ) async throws -> JSON? {
            guard let text else { return nil }
            var lookup = resource.reference
            lookup.list = try await place.endpoint(list, names)
            return .text(try await names.find(text, in: lookup).id)
        }
        return [
            Member(Time.minutes): minutes.map { .integer(Int64($0)) },
            Member(Time.startedAt): try startedAt.map {
                .text(try Instant.option("started-at", $0, .back, in: surroundings))
            },
            Member(Time.workRole): try await id(workRole, WorkRoles.resource, API.WorkRoles.list),
            Member(Time.workType): try await id(workType, WorkTypes.resource, API.WorkTypes.list),
            Member(Time.billable): billable.map { .text($0) },
        ]
    }
}
