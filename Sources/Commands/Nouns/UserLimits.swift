import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Which customers users are limited to.
enum UserLimits: Noun {
    private typealias Limits = API.Users.Limits.CodingKeys

    static let resource = Resource(
        singular: "user-limits", plural: "user-limits", about: "The customers that a viewer or engineer is limited to.",
        show: Endpoint(API.Users.showLimits), update: Endpoint(API.Users.updateLimits),
        part: Users.resource.reference, columns: [Column(Limits.tenants, "customers")],
        change: [
            Field(
                Limits.tenants, option: "tenants", .things(Tenants.resource.reference),
                help: "Only these customers, by id or name, separated by commas; \"\" for none at all."),
            Field(Limits.tenants, option: "none", .clears, help: "Remove the limit."),
        ],
        isReplaced: true,
        sample: .init(subject: "ada@example.com", update: "--tenants \"Copper Kettle,Bluebird\""))
}
