import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// MSPs that share the installation.
enum Organizations: Noun {
    private typealias Answer = API.Organizations.Answer.CodingKeys
    private typealias Change = API.Organizations.Change.CodingKeys
    private typealias New = API.Organizations.New.CodingKeys

    typealias Subject = OneOrYours

    static let resource = Resource(
        singular: "organization", plural: "organizations",
        about: "An MSP, with its own users, connections and rules.",
        list: Endpoint(API.Organizations.list), create: Endpoint(API.Organizations.create),
        naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.requiresSecondFactor, "second factor required", .yesNo),
            Column(Answer.createdAt, "created", .instant),
        ],
        creation: [Field(New.name, help: "The organization's name.").required],
        change: [Field(Change.name, help: "The organization's name.")]
            + Field.onOff(
                Change.requiresSecondFactor, on: "require-second-factor", onHelp: "Users need a second factor.",
                offHelp: "Users may sign in without a second factor."),
        sample: .init(subject: "\"Rivermark IT\"", create: "--name \"Rivermark IT\"", update: "--require-second-factor")
    )

    static let more: [any ParsableCommand.Type] = [
        ShowOrganization.self, UpdateOrganization.self, DeleteOrganization.self,
    ]
}
