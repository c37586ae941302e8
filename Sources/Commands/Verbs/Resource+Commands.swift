import ArgumentParser
import BoundaryText

extension Resource {
    /// How a command for one thing is named: in the singular, the plural understood. `only` is the summary where there
    /// is but one.
    func configuration(_ abstract: String, only: String? = nil) -> CommandConfiguration {
        CommandConfiguration(
            commandName: singular, abstract: plural == singular ? only ?? abstract : abstract, discussion: about,
            aliases: plural == singular ? [] : [plural])
    }

    /// The article for the name: an API key, a rule.
    var article: String {
        guard let first = name.lowercased().unicodeScalars.first else { return "a" }
        // A user is spoken with a consonant.
        return "aeio".unicodeScalars.contains(first) ? "an" : "a"
    }
}

extension APIClient {
    /// Sends a call that answers with one thing.
    func thing(_ call: Call) async throws -> JSON {
        guard let body = try await send(call).body, body.members != nil else {
            throw Failure.notPatchbay("\(address.url(of: call)) answered without saying what it did.")
        }
        return body
    }
}
