import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Who did what.
enum AuditEntries: Noun {
    private typealias Answer = API.AuditEntries.Answer.CodingKeys
    private typealias Filter = API.AuditEntries.Filter

    static let resource = Resource(
        singular: "audit", plural: "audit", title: "audit entry", titles: "audit entries",
        about: "The audit log: who did what.", list: Endpoint(API.AuditEntries.list),
        columns: [
            Column(Answer.number, .number).key, Column(Answer.createdAt, "at", .instant), Column(Answer.actor).key,
            Column(Answer.authMethod, "method").extra, Column(Answer.ipAddress, "IP address").extra,
            Column(Answer.action).key,
            Column(Answer.target),
            Column(Answer.result),
        ],
        filters: [
            Field(filter: Filter.actor, help: "Only what this user did, by e-mail address."),
            Field(filter: Filter.action, help: "Only this action, such as rule.create, or rule for all of that kind."),
            Field(filter: Filter.target, help: "Only what was done to this thing, such as rule 12."),
            Field(filter: Filter.since, .instant(.back), help: "At this time or later."),
            Field(filter: Filter.until, .instant(.back), help: "Before this time."),
        ],
        sample: .init(list: "--actor ada@example.com --since 7d"))

    static let more: [any ParsableCommand.Type] = [ExportAudit.self, VerifyAudit.self]
}
