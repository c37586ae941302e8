import API
import Connections
import Foundation
import Jobs
import Notifications
import Testing
import WriteBack

/// The state diagrams in docs/how-it-works.md match the code.
@Suite("State diagrams")
struct DrawingTests {
    /// The states in the diagram under a heading.
    private func drawn(_ heading: String) throws -> Set<String> {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/how-it-works.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## \(heading)\n").dropFirst().first)
        let drawing = try #require(section.components(separatedBy: "```mermaid\nstateDiagram-v2\n").dropFirst().first)
        var states: Set<String> = []
        for line in drawing.components(separatedBy: "```")[0].split(separator: "\n") {
            let arrow = line.split(separator: ":")[0].components(separatedBy: "-->")
            try #require(arrow.count == 2, "\(line)")
            states.formUnion(arrow.map { $0.trimmingCharacters(in: .whitespaces) })
        }
        return states.subtracting(["[*]"])
    }

    @Test("The diagrams have exactly the states of the enums")
    func states() throws {
        #expect(try drawn("Jobs") == Set(JobState.allCases.map { "\($0)" }))
        #expect(try drawn("Deliveries") == Set(Delivery.State.allCases.map(\.rawValue)))
        #expect(try drawn("Posts") == Set(Post.State.allCases.map(\.rawValue)))
        #expect(try drawn("Connections") == Set(ConnectionState.allCases.map(\.rawValue)))
    }
}
