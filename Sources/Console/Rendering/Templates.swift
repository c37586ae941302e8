import BoundaryText
import Foundation
import Mustache

/// The templates of the console, read once.
struct Templates: Sendable {
    private let library: MustacheLibrary

    /// Why templates cannot be used.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// Escapes by byte. The package's own escaper works on characters, and so lets a sign pass that joins with its
    /// neighbour into another one.
    private struct EscapedHTML: MustacheContentType {
        static let name = "ESCAPED_HTML"
        // Types have names in the whole process, so it is enough to say it once.
        static let isRegistered: Bool = {
            MustacheContentTypes.register(Self(), named: name)
            return true
        }()

        func escapeText(_ text: String) -> String { text.escapedForHTML }
    }

    init(folder: URL) throws {
        precondition(EscapedHTML.isRegistered)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var templates: [String: MustacheTemplate] = [:]
        for file in files where file.pathExtension == "mustache" {
            // A line's end at the end of a file would put white space between a label and its sign.
            let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .newlines)
            // In each file: a template that includes another one hands its data on, not how they are escaped.
            templates[file.deletingPathExtension().lastPathComponent] = try MustacheTemplate(
                string: "{{% CONTENT_TYPE:\(EscapedHTML.name)}}" + text)
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
