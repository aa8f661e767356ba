Console.WriteLine("kleene");
