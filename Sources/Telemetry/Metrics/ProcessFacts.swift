import BoundaryText
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Facts about this process from the operating system, under the names that Prometheus clients have standardized.
struct ProcessFacts: Equatable {
    struct Sample {
        let name: String
        let help: String
        let value: Double
        let isCounter: Bool
    }

    var residentBytes: Double
    var virtualBytes: Double
    var cpuSeconds: Double
    var startTimeSeconds: Double
    var openFiles: Double
    var openFilesLimit: Double

    var samples: [Sample] {
        [
            .init(
                name: "process_cpu_seconds_total", help: "User and system CPU time spent.", value: cpuSeconds,
                isCounter: true),
            .init(
                name: "process_max_fds", help: "Most file descriptors the process may have open.",
                value: openFilesLimit, isCounter: false),
            .init(name: "process_open_fds", help: "Open file descriptors.", value: openFiles, isCounter: false),
            .init(
                name: "process_resident_memory_bytes", help: "Resident memory.", value: residentBytes,
                isCounter: false),
            .init(
                name: "process_start_time_seconds", help: "Start time since the Unix epoch.",
                value: startTimeSeconds, isCounter: false),
            .init(
                name: "process_virtual_memory_bytes", help: "Virtual memory.", value: virtualBytes, isCounter: false),
        ]
    }

    /// Reads `/proc`; nil on systems without it.
    static func current() -> ProcessFacts? {
        #if os(Linux)
            guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
                let systemStat = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
                let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            else { return nil }
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            return parse(
                stat: stat, systemStat: systemStat, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
                pageSize: Double(sysconf(Int32(_SC_PAGESIZE))), openFiles: Double(descriptors.count),
                openFilesLimit: Double(limit.rlim_cur))
        #else
            return nil
        #endif
    }

    /// Parses `/proc/self/stat` and `/proc/stat`; fields are numbered as in proc(5).
    static func parse(
        stat: String, systemStat: String, ticksPerSecond: Double, pageSize: Double, openFiles: Double,
        openFilesLimit: Double
    ) -> ProcessFacts? {
        // The program's name is in parentheses and may itself contain spaces and parentheses, so start after the last
        // one.
        guard let end = stat.utf8.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[stat.utf8.index(after: end)...].words.map { Double($0) }
        func field(_ number: Int) -> Double? {
            // The first field after the name is number 3.
            fields.indices.contains(number - 3) ? fields[number - 3] : nil
        }
        let boot = systemStat.splitBytes(on: "\n").lazy.compactMap { $0.dropping(prefix: "btime ") }.first
        guard let user = field(14), let system = field(15), let start = field(22), let virtual = field(23),
            let resident = field(24), let boot, let bootTime = Double(boot), ticksPerSecond > 0
        else { return nil }
        return ProcessFacts(
            residentBytes: resident * pageSize, virtualBytes: virtual, cpuSeconds: (user + system) / ticksPerSecond,
            startTimeSeconds: bootTime + start / ticksPerSecond, openFiles: openFiles, openFilesLimit: openFilesLimit)
    }
}
