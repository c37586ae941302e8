import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay NOUN delete`.
struct DeleteNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        return CommandConfiguration(
            "delete", "Delete \(resource.article) \(resource.name).",
            more: ["Asks first, unless --yes is given.", resource.delete?.needs].compactMap(\.self)
                .joined(separator: " "),
            examples: [resource.example("delete", resource.subject(of: N.self), "--yes")])
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func request(_ id: String) -> APIRequest { (N.resource.delete ?? Endpoint(.delete, ""))([id]) }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        guard var named = try await subject.find(N.self, client.names) else { throw Failure.bad }
        let resource = N.resource
        if confirmation.isNeeded, resource.deletionAsksForName, let show = resource.show,
            let name = try await client.thing(show([named.id]))[Reference.CodingKeys.name].string
        {
            try confirmation.ask(
                "This deletes the \(resource.name) '\(name)' and everything in it.", typing: name, in: surroundings)
            named = Named(id: named.id, name: name)
        } else {
            let called = named.name.map { " ('\($0)')" } ?? ""
            try confirmation.ask("Delete \(resource.name) \(named.id)\(called)?", in: surroundings)
        }
        _ = try await client.send(request(named.id))
        return Outcome(content: .done("Deleted \(resource.name) \(named.id).", id: named.id))
    }
}
