import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// Which way something is switched.
protocol Position: Sendable {
    static var isOn: Bool { get }
}

enum On: Position { static let isOn = true }
enum Off: Position { static let isOn = false }

/// `patchbay NOUN enable` and `disable`, or `activate` and `deactivate`.
struct SwitchNoun<N: Noun, P: Position>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        guard let switching = resource.switching else { return CommandConfiguration() }
        let verb = P.isOn ? switching.on : switching.off
        return CommandConfiguration(
            verb, P.isOn ? switching.onHelp : switching.offHelp, more: resource.update?.needs ?? "",
            examples: [resource.example(verb, resource.subject(of: N.self))])
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func request(_ named: Named?) -> APIRequest {
        let places = [named?.id].compactMap(\.self)
        let member = N.resource.switching?.member.name ?? ""
        return (N.resource.update ?? Endpoint(.patch, ""))(places, body: [member: .flag(P.isOn)])
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let isAsked = !P.isOn && N.resource.switching?.offIsAsked == true
        if isAsked { try confirmation.check(in: surroundings) }
        let named = try await subject.find(N.self, client.names)
        if isAsked {
            let verb = (N.resource.switching?.off ?? "").sentenceCased
            try confirmation.ask(
                "\(verb) \(N.resource.name) \(named?.name ?? subject.typed ?? "")?", in: surroundings)
        }
        return Outcome(content: .one(try await client.thing(request(named)), Content.Layout(N.resource)))
    }
}
