import BoundaryText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many files and connections the process may have open at once.
public enum FileLimit {
    // More is of no use to connections, and some systems allow a thousand million.
    private static let useful: rlim_t = 65_536

    /// The present limit.
    public static var present: Int {
        Int(clamping: limits?.rlim_cur ?? 1_024)
    }

    /// Takes as much as the system allows: most give programs 1,024 for the sake of old ones, and more to those who ask.
    public static func raise() {
        guard var limits, limits.rlim_cur < min(limits.rlim_max, useful) else { return }
        limits.rlim_cur = min(limits.rlim_max, useful)
        setrlimit(resource, &limits)
    }

    private static var limits: rlimit? {
        var limits = rlimit()
        return getrlimit(resource, &limits) == 0 ? limits : nil
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
