import ArgumentParser
import BoundaryText
import WebSupport

extension Resource {
    /// The article for the name: an API key, a rule.
    var article: String {
        guard let first = name.lowercased().unicodeScalars.first else { return "a" }
        // A user is spoken with a consonant.
        return "aeio".unicodeScalars.contains(first) ? "an" : "a"
    }

    /// How one is named in examples; nothing where there is only one.
    func subject(of noun: (some Noun).Type) -> String? {
        isOnly(noun) ? nil : sample.subject
    }

    private func isOnly<N: Noun>(_ noun: N.Type) -> Bool { N.Subject.self == Only.self }

    /// A command line for an example.
    func example(_ verb: String, _ parts: String?...) -> String {
        ([singular, verb] + parts.compactMap(\.self).filter { !$0.isEmpty }).joined(separator: " ")
    }
}

extension APIClient {
    /// Sends a request that answers with one thing.
    func thing(_ request: APIRequest) async throws -> JSON {
        guard let body = try await send(request).body, case .object = body else {
            throw Failure.notPatchbay("\(address.url(of: request)) answered without saying what it did.")
        }
        return body
    }
}
