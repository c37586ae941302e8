import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay tenant connection`.
struct TenantConnection: ParsableCommand {
    static let configuration = CommandConfiguration(
        "connection", "A customer's own PSA connection.", examples: ["tenant connection show \"Copper Kettle\""],
        subcommands: [Show.self, Create.self])

    /// `patchbay tenant connection show`.
    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            "show", "Show a customer's own PSA connection.", examples: ["tenant connection show \"Copper Kettle\""])

        @OptionGroup var subject: Identified<Tenants>
        @OptionGroup var client: ClientOptions

        func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
            let id = try await client.names.find(subject.identifier, in: Tenants.lookup).id
            let answer = try await client.thing(Endpoint(API.PSA.Tenant.showConnection)([id]))
            return Outcome(content: .one(answer, Content.Layout(PSAConnections.resource)))
        }
    }

    /// `patchbay tenant connection create`.
    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            "create", "Create a customer's own PSA connection.",
            examples: [
                "tenant connection create \"Copper Kettle\" --name Kettle --site na.myconnectwise.net --company kettle"
            ])

        @OptionGroup var subject: Identified<Tenants>
        @OptionGroup(title: "Fields") var fields: FieldOptions<Creation<PSAConnections>>
        @OptionGroup var client: ClientOptions

        func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
            let id = try await client.names.find(subject.identifier, in: Tenants.lookup).id
            let members = try await fields.members(in: surroundings, client.names)
            let answer = try await client.thing(Endpoint(API.PSA.Tenant.createConnection)([id], body: .object(members)))
            return Outcome(content: .one(answer, Content.Layout(PSAConnections.resource)))
        }
    }
}
