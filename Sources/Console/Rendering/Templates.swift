import Foundation
import Mustache

/// The templates of the console, read once.
struct Templates: Sendable {
    private let library: MustacheLibrary

    /// Why templates cannot be used.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    init(folder: URL) throws {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var templates: [String: MustacheTemplate] = [:]
        for file in files where file.pathExtension == "mustache" {
            // A line's end at the end of a file would put white space between a label and its sign.
            let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .newlines)
            templates[file.deletingPathExtension().lastPathComponent] = try MustacheTemplate(string: text)
        }
        library = MustacheLibrary(templates: templates)
    }

    func render(_ name: String, _ model: Model) throws -> String {
        guard let text = library.render(model, withTemplate: name) else {
            throw Broken(description: "there is no template \(name)")
        }
        return text
    }
}
