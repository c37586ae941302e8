import ArgumentParser
import Database
import Foundation
import Logging

/// `patchbay-bench`: measures what the README promises, and prints it beside the goal.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patchbay-bench", abstract: "Measure Patchbay on this machine.",
        discussion: "PostgreSQL is measured too when PATCHBAY_TEST_POSTGRES names a server; scripts/bench sees to it.",
        subcommands: [Measure.self, EmptyServer.self], defaultSubcommand: Measure.self)
}

/// What can be measured on its own.
enum Chapter: String, CaseIterable, ExpressibleByArgument {
    case text
    case intake
    case pipeline
    case burst
    case backlog
    case sync
    case jobs
    case queue
    case footprint
    case api
    case console
    case history
    case tickets
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "measure", abstract: "Run the benchmark.")

    @Argument(help: "What to measure; everything when left out.")
    var chapters: [Chapter] = Chapter.allCases

    @Option(help: "Seconds that each load lasts.")
    var seconds = 10

    @Option(help: "Only this engine: sqlite or postgres.")
    var engine: String?

    func run() async throws {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        let engines = try BenchDatabase.engines(only: engine)
        var table = ResultTable()
        if chapters.contains(.text) {
            table.begin(Chapter.text.rawValue)
            TextRates().run(&table)
        }
        for chapter in chapters where chapter != .text {
            for engine in engines {
                table.begin("\(chapter.rawValue), \(engine == .sqlite ? "SQLite" : "PostgreSQL")")
                switch chapter {
                case .text: break
                case .intake: try await Intake(engine: engine, seconds: seconds).run(&table)
                case .pipeline: try await Pipeline(engine: engine, seconds: seconds).run(&table)
                case .burst: try await Burst(engine: engine).run(&table)
                case .backlog: try await Backlog(engine: engine).run(&table)
                case .sync: try await SyncRates(engine: engine).run(&table)
                case .jobs: try await JobRates(engine: engine).run(&table)
                case .queue: try await QueueCosts(engine: engine).run(&table)
                case .footprint: try await Footprint(engine: engine).run(&table)
                case .console: try await ConsolePages(engine: engine).run(&table)
                case .history: try await History(engine: engine).run(&table)
                case .tickets: try await WriteBack(engine: engine).run(&table)
                case .api: try await APIReads(engine: engine, seconds: seconds).run(&table)
                }
            }
        }
        table.close()
    }
}
