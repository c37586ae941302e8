import Commands

await Patchbay.main()
