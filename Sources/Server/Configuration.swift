import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Logging
import NIOCore
import Notifications
import Outbound
import Telemetry
import Ticketing
import WebSupport
import WriteBack

/// How an installation is run: environment, or a file of the same names.
public struct Configuration: Sendable {
    /// What part of the work a process does.
    public enum Duty: String, Sendable, CaseIterable {
        /// Answers requests.
        case web
        /// Runs jobs.
        case worker
    }

    /// Where the database is.
    public var database = DatabaseAddress.sqlite(path: "data/patchbay.db")
    /// The installation's secrets as given; nil to read the file.
    public var secret: String?
    /// Where the secret is kept when it is not given.
    public var secretFile = "data/secret"
    /// Whether to go on without a secret that is lost: what it sealed has to be entered again. Said on the command line, once.
    public var acceptsLostSecrets = false
    /// Where to listen: host and port.
    public var listen = Listen(host: "127.0.0.1", port: 8080)
    /// Base of links and hooks; nil for `http://` and where we listen.
    public var publicURL: String?
    /// Proxies whose `X-Forwarded-For` is believed.
    public var trustedProxies: [String] = []
    /// The first administrator's e-mail.
    public var adminEmail: String?
    /// The first administrator's password, to be changed.
    public var adminPassword: String?
    /// How much work a new password's hash is; not set by the environment.
    public var passwordCost = PasswordCost.standard
    /// Further hosts that connections may name.
    public var allowedHosts: [String] = []
    /// What it gives to features.
    public var features = Feature.Settings()
    /// How long people and posts wait; not set by the environment.
    public var postTiming = PostTiming()
    /// How often the outside systems are compared with what we have.
    public var syncSchedule = SyncSchedule(Installation.plans.flatMap(\.parts).of(SyncPlan.self))
    /// What is logged and how.
    public var logs = LogSettings()
    /// Where metrics are served; nil for nowhere.
    public var metricsListen: Listen?
    /// How many connections there may be and how long they may take; nil for what the process's files allow. Not set by the
    /// environment.
    public var connectionLimits: ConnectionLimits?
    /// What this process does.
    public var duties: Set<Duty> = Set(Duty.allCases)

    /// An address to listen on.
    public struct Listen: Sendable, Equatable {
        /// Name or address.
        public let host: String
        /// 0 for any free one.
        public let port: Int

        /// Describes an address.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        init?(_ text: String) {
            guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
                let port = Int(text[text.utf8.index(after: colon)...]),
                (0...65_535).contains(port)
            else { return nil }
            let host = text[..<colon].trimmingCharacters(in: ["[", "]"])
            self.init(host: host.isEmpty ? "0.0.0.0" : host, port: port)
        }
    }

    /// The defaults.
    public init() {}

    /// Why the configuration is not valid, one line for each fault.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        /// The faults.
        public let lines: [String]
        /// For the terminal.
        public var description: String { lines.joined(separator: "\n") }
    }

    /// Names that other parts of the program read.
    private static let foreign: Set<String> = ["PATCHBAY_URL", "PATCHBAY_API_KEY"]

    /// Reads the configuration.
    /// - Parameters:
    ///   - environment: wins over the file.
    ///   - file: path of a file in `.env` syntax.
    /// - Throws: ``Invalid``.
    public init(environment: [String: String], file: String? = nil) throws {
        var values: [String: String] = [:]
        var faults: [String] = []
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw Invalid(lines: ["cannot read the configuration file \(file)"])
            }
            values = Self.parse(text, file: file, faults: &faults)
        }
        for (name, value) in environment where name.utf8.hasPrefix("PATCHBAY_") { values[name] = value }
        for name in values.keys where name.utf8.hasPrefix("PATCHBAY_TEST_") || Self.foreign.contains(name) {
            values[name] = nil
        }
        apply(&values, &faults)
        faults += values.keys.filter { $0.utf8.hasPrefix("PATCHBAY_") }.sorted().map {
            "\($0): there is no such setting; see docs/configuration.md"
        }
        guard faults.isEmpty else { throw Invalid(lines: faults) }
    }

    private mutating func apply(_ values: inout [String: String], _ faults: inout [String]) {
        func take<Value>(
            _ name: String, _ expected: String, _ parse: (String) -> Value?, _ assign: (Value) -> Void
        ) {
            guard let text = values.removeValue(forKey: "PATCHBAY_\(name)"), !text.isEmpty else { return }
            if let value = parse(text) { assign(value) } else { faults.append("PATCHBAY_\(name): must be \(expected)") }
        }
        func number(_ range: ClosedRange<Int>) -> (String) -> Int? {
            { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
        }
        take("DATABASE_URL", "sqlite:path or postgres://user:password@host:port/name", DatabaseAddress.init) {
            database = $0
        }
        take("SECRET", "32 bytes in base64", { $0 }) { secret = $0 }
        take("LISTEN", "host:port", Listen.init) { listen = $0 }
        take("PUBLIC_URL", "an http or https URL without path", WebAddress.origin) { publicURL = $0 }
        take("TRUSTED_PROXIES", "addresses such as 10.0.0.2, separated by commas", Self.addresses) {
            trustedProxies = $0
        }
        take("ADMIN_EMAIL", "an e-mail address", { $0.utf8.contains("@") ? $0 : nil }) { adminEmail = $0 }
        take("ADMIN_PASSWORD", "a password", { $0 }) { adminPassword = $0 }
        take("ALLOWED_HOSTS", "hosts such as psa.example.com, host:port or *.example.com", Self.hosts) {
            allowedHosts = $0
        }
        for kind in Installation.plans.flatMap(\.parts).of(SyncPlan.self).map(\.kind) {
            take(
                "SYNC_\(kind.rawValue.uppercased())", "a time such as 5m, 12h or 7d, at least 1m, or off", Self.interval
            ) {
                syncSchedule.intervals[kind] = $0.duration
            }
        }
        take("LOG_LEVEL", "trace, debug, info, notice, warning, error or critical", Logger.Level.init(rawValue:)) {
            logs.level = $0
        }
        take("LOG_FORMAT", "text or json", LogFormat.init(rawValue:)) { logs.format = $0 }
        take("METRICS_LISTEN", "host:port", Listen.init) { metricsListen = $0 }
        if case .sqlite(let path) = database {
            secretFile = URL(filePath: path).deletingLastPathComponent().appending(path: "secret").relativePath
        }
        applyFeatures(&values, &faults)
    }

    private mutating func applyFeatures(_ values: inout [String: String], _ faults: inout [String]) {
        for setting in Installation.plans.flatMap(\.settings) {
            guard let text = values.removeValue(forKey: "PATCHBAY_\(setting.name)"), !text.isEmpty else { continue }
            if setting.isValid(text) {
                features[setting.name] = text
            } else {
                faults.append("PATCHBAY_\(setting.name): must be \(setting.expected)")
            }
        }
        for group in Installation.plans.flatMap(\.settingGroups) {
            let missing = group.names.filter { features[$0] == nil }
            guard !missing.isEmpty, missing.count < group.names.count else { continue }
            let names = missing.map { "PATCHBAY_\($0)" }.joined(separator: ", ")
            faults.append("\(names): also required when \(group.subject) is configured here")
        }
    }

    /// How often something is done; never when there is no duration.
    private struct Interval {
        let duration: Duration?
    }

    private static func interval(_ text: String) -> Interval? {
        if text == "off" { return Interval(duration: nil) }
        let units = [("m", 60), ("h", 3_600), ("d", 86_400)]
        let read = units.lazy.compactMap { letter, seconds in
            text.dropping(suffix: letter).flatMap { Int($0) }.map { ($0, seconds) }
        }
        guard let (count, seconds) = read.first, (1...10_000).contains(count) else { return nil }
        return Interval(duration: .seconds(count * seconds))
    }

    private static func addresses(_ text: String) -> [String]? {
        let addresses = text.splitBytes(on: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        return addresses.allSatisfy { (try? SocketAddress(ipAddress: $0, port: 0)) != nil } ? addresses : nil
    }

    private static func hosts(_ text: String) -> [String]? {
        let hosts = text.splitBytes(on: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        return (try? HostAllowlist(hosts)) == nil ? nil : hosts
    }

    /// `NAME=value` lines; `#` starts a comment; values may stand in single or double quotes.
    private static func parse(_ text: String, file: String, faults: inout [String]) -> [String: String] {
        var values: [String: String] = [:]
        for (number, raw) in text.lines.enumerated() {
            var line = raw.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.utf8.hasPrefix("#") { continue }
            if let assignment = line.dropping(prefix: "export ") { line = String(assignment) }
            guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                faults.append("\(file):\(number + 1): expected NAME=value")
                continue
            }
            var value = line[line.utf8.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            for quote in ["\"", "'"] {
                if let inner = value.dropping(prefix: quote)?.dropping(suffix: quote) {
                    value = String(inner)
                    break
                }
            }
            values[line[..<equals].trimmingCharacters(in: .whitespaces)] = value
        }
        return values
    }
}
