import ArgumentParser
import Commands

@main
struct Entry {
    static func main() async { await Patchbay.run(Array(CommandLine.arguments.dropFirst())) }
}
