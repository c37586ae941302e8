import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Customers.
enum Tenants: Noun {
    private typealias Answer = API.Tenants.Answer.CodingKeys
    private typealias Change = API.Tenants.Change.CodingKeys
    private typealias Filter = API.Tenants.Filter
    private typealias New = API.Tenants.New.CodingKeys

    static let resource = Resource(
        singular: "tenant", plural: "tenants", title: "customer", titles: "customers",
        about: "A customer; its company's tickets are its tickets.",
        list: Endpoint(API.Tenants.list), show: Endpoint(API.Tenants.show), create: Endpoint(API.Tenants.create),
        update: Endpoint(API.Tenants.update), delete: Endpoint(API.Tenants.delete), naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.psaCompany, "company", .number),
            Column(Answer.psaCompanyName, "company's name"), Column(Answer.active, .yesNo),
        ],
        details: [Column(Answer.createdAt, "created", .instant)],
        filters: [Field(filter: Filter.search, help: "Only customers whose name contains this text.")],
        creation: [Field(New.name, help: "The customer's name.").required] + company,
        change: [Field(Change.name, help: "The customer's name.")] + company
            + Field.onOff(Change.active, off: "inactive", onHelp: "Activate it.", offHelp: "Deactivate it."),
        switching: .activating(Change.active, on: "Activate a customer.", off: "Deactivate a customer."),
        sample: .init(
            subject: "\"Copper Kettle\"", list: "--search kettle",
            create: "--name \"Copper Kettle\" --company \"Copper Kettle Bakeries\"", update: "--name \"Copper Pot\""))

    static let more: [any ParsableCommand.Type] = [TenantConnection.self]

    private static let company = [
        Field(
            New.psaCompany, option: "company", .thing(Companies.resource.reference),
            help: "Its company in the PSA, by its id or name."),
        Field(New.psaCompanyName, option: "company-name", help: "The company's name, to show."),
    ]
}
